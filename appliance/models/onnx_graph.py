"""An ONNX graph under construction, with quantized products and large constants in a file of their own."""

from __future__ import annotations

from typing import IO, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from appliance.models.adapter import LowRank
from appliance.models.quantize import BLOCK, Matrix, Matrix4

FloatName = Literal["float32", "float16"]
MICROSOFT: Final = "com.microsoft"
_OPSET = 21
_IR_VERSION = 10
_ALIGNMENT = 4096  # lets ONNX Runtime map the file instead of reading it


class Graph:
    """Nodes and constants; large constants go straight to the data file.

    Args:
        data: The data file, open for writing.
        data_name: Its name, which the graph refers to.
        io: Type of inputs, outputs, activations and scales.
        accuracy_level: How `MatMulNBits` may round its inputs on the CPU: 1 keeps float32, 4 allows int8 per block of 32.
    """

    def __init__(self, data: IO[bytes], data_name: str, io: FloatName, accuracy_level: int) -> None:
        self.io: Final = io
        self.float_type: Final[int] = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}[io]
        self._data = data
        self._data_name = data_name
        self._accuracy_level = accuracy_level
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._block_sums: dict[str, str] = {}

    def raw(self, operator: str, inputs: list[str], outputs: list[str], *, domain: str = MICROSOFT, **attributes: Any) -> None:
        """Append a node."""
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], domain=domain, **attributes))

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a standard node with one output and return the output's name."""
        self.raw(operator, inputs, [output], domain="", **attributes)
        return output

    def constant(self, name: str, array: npt.NDArray[Any], *, as_is: bool = False) -> str:
        """Add a constant that lives in the data file; floats take the graph's type unless they are wanted `as_is`."""
        if array.dtype.kind == "f" and not as_is:
            array = array.astype(self.io)
        self._data.write(b"\0" * (-self._data.tell() % _ALIGNMENT))
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self._data_name), ("offset", self._data.tell()), ("length", array.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        self._data.write(np.ascontiguousarray(array).data)
        self._constants[name] = tensor
        return name

    def inline(self, name: str, array: npt.NDArray[Any]) -> str:
        """Add a constant that lives in the graph itself, as it is."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def integers(self, values: list[int]) -> str:
        """A small int64 constant, shared by value."""
        name = "integers." + "_".join(map(str, values))
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def index(self, value: int) -> str:
        """A scalar int64 constant, shared by value."""
        name = f"index.{value}"
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.INT64, [], [value]))
        return name

    def scalar(self, value: float) -> str:
        """A scalar of the graph's type, shared by value."""
        name = f"scalar.{value}"
        self._constants.setdefault(name, helper.make_tensor(name, self.float_type, [], [value]))
        return name

    def linear(self, name: str, matrix: Matrix, x: str, added: LowRank | None = None) -> str:
        """`x @ matrix.T` with the matrix as it was quantized, and with what an adapter adds."""
        beside: list[tuple[str, npt.NDArray[np.float32]]] = []
        codes: npt.NDArray[Any] = matrix.codes
        if isinstance(matrix, Matrix4):
            codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
            beside.append((self._block_sum(x, matrix.scale.shape[1]), (matrix.offset + 8 * matrix.scale).T))
        weights = [self.constant(f"{name}.codes", codes), self.constant(f"{name}.scale", matrix.scale)]
        bits = 4 if isinstance(matrix, Matrix4) else 8
        product = self.quantized(f"{name}/product", x, weights, matrix.scale.shape, bits=bits)
        if added:
            down = self.constant(f"{name}.down", added.down.T)
            beside.append((self.node("MatMul", [x, down], f"{name}/low_rank"), added.up.T))
        if not beside:
            return product
        values, terms = zip(*beside, strict=True)
        value = values[0] if len(values) == 1 else self.node("Concat", list(values), f"{name}/beside", axis=-1)
        offset = self.constant(f"{name}.offset", np.concatenate(terms))
        return self.node("Add", [product, self.node("MatMul", [value, offset], f"{name}/correction")], f"{name}/sum")

    def quantized(self, output: str, x: str, weights: list[str], shape: tuple[int, ...], *, bits: int) -> str:
        """Append `MatMulNBits` for a matrix of `[rows, blocks]` quantization blocks."""
        rows, blocks = shape
        self.raw(
            "MatMulNBits", [x, *weights], [output],
            K=blocks * BLOCK, N=rows, bits=bits, block_size=BLOCK, accuracy_level=self._accuracy_level,
        )  # fmt: skip
        return output

    def finish(
        self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], name: str = "llama"
    ) -> onnx.ModelProto:
        """The model, called `name`, with its inputs and outputs declared."""
        graph = helper.make_graph(self._nodes, name, inputs, outputs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="chartside")

    def _block_sum(self, x: str, blocks: int) -> str:
        """Sums of `x` over the quantization blocks, `[batch, sequence, blocks]`; shared by all matrices with input `x`."""
        if x not in self._block_sums:
            split = self.node("Reshape", [x, self.integers([0, 0, blocks, BLOCK])], f"{x}/split")
            self._block_sums[x] = self.node("ReduceSum", [split, self.integers([3])], f"{x}/block_sum", keepdims=0)
        return self._block_sums[x]
