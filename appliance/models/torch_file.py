"""Tensors from a file that `torch.save` of PyTorch before 1.6 wrote, read without torch.

Such a file is five pickles (magic number, version of the protocol, sizes of C types, the saved object, keys of the storages)
and then the storages, each with its number of elements before it (`torch/serialization.py`, `_legacy_save`). A pickle can call
any function that it names, so only the three names that saved float tensors need are known here, and none leads to torch.
"""

from __future__ import annotations

import math
import pickle  # with an unpickler that knows three names
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

import numpy as np
import numpy.typing as npt

from appliance.errors import BundleError

Float32 = npt.NDArray[np.float32]
_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001
_FLOAT: Final = "float32"
_ITEM_BYTES: Final = 4


class _Dict(dict[str, Any]):
    """Stands in for `OrderedDict`; an object of its own class can take the metadata that torch attaches."""


@dataclass(frozen=True)
class _Storage:
    key: str
    elements: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_autograd: object) -> _Tensor:
    return _Tensor(storage, offset, shape, stride)


_KNOWN: Final = {
    ("collections", "OrderedDict"): _Dict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): _FLOAT,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _KNOWN[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, element, key, _device, elements, view = pid
        if kind != "storage" or element != _FLOAT or view is not None or not isinstance(key, str):
            raise pickle.UnpicklingError("it holds a storage of another kind")
        return _Storage(key, int(elements))


def read_tensors(file: BinaryIO, name: str, entry: str) -> dict[str, Float32]:
    """The float tensors of one entry of a saved dictionary, such as `model_state`.

    Args:
        file: The file, from its start.
        name: What it is called in errors.
        entry: Key of the saved dictionary.

    Raises:
        BundleError: The file is damaged, of another format, or holds anything but tensors of float32 and plain values.
    """
    try:
        _check_format(file)
        saved = cast("dict[str, dict[str, _Tensor]]", _load(file))[entry]
        storages = {key: _storage(file) for key in _load(file)}
        return {tensor: _array(found, storages) for tensor, found in saved.items()}
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        struct.error,
    ) as error:
        message = f"The weights {name} cannot be read: {error}."
        raise BundleError(message, hint="Fetch the package again; do not use a file from elsewhere.") from error


def _check_format(file: BinaryIO) -> None:
    if _load(file) != _MAGIC or _load(file) != _PROTOCOL or _load(file)["little_endian"] is not True:
        raise ValueError("it is of another format")


def _load(file: BinaryIO) -> Any:
    return _Unpickler(file).load()


def _storage(file: BinaryIO) -> Float32:
    (elements,) = struct.unpack("<q", file.read(8))
    body = file.read(max(0, elements) * _ITEM_BYTES)
    if len(body) != elements * _ITEM_BYTES:
        raise ValueError("it is cut off")
    return np.frombuffer(body, "<f4")


def _array(tensor: _Tensor, storages: dict[str, Float32]) -> Float32:
    size = math.prod(tensor.shape)
    rows = tuple(math.prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
    values = storages[tensor.storage.key]
    if tensor.stride != rows or tensor.offset < 0 or tensor.offset + size > len(values) or size < 0:
        raise ValueError("a tensor does not fit its storage")
    return values[tensor.offset : tensor.offset + size].reshape(tensor.shape)
