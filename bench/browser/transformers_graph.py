"""Our exported graph in the layout that transformers.js calls: an attention mask, and caches that grow."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from appliance.models.llama import LlamaShape


def write_transformers_model(packed: Path, shape: LlamaShape, directory: Path, *, float32: bool = False) -> None:
    """Write `config.json` and `onnx/model.onnx`, which holds the weights, for `AutoModelForCausalLM`.

    Args:
        packed: The graph as `appliance.models.graph` writes it, beside its weights file; unpacked for `float32`.
        shape: Sizes of the model.
        directory: Where to.
        float32: Store the weights as float32, as the runtime unpacks them.
    """
    model = in_layout(onnx.load(packed), shape)
    target = directory / "onnx" / "model.onnx"
    target.parent.mkdir(parents=True)
    onnx.save(model, target)
    if float32:
        options = ort.SessionOptions()
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(target)
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.context,
    }
    (directory / "config.json").write_text(json.dumps(config) + "\n", "utf-8")


def in_layout(packed: onnx.ModelProto, shape: LlamaShape) -> onnx.ModelProto:
    """The graph for one sequence, with logits of its last token only."""
    model = onnx.ModelProto()
    model.CopyFrom(packed)
    graph = model.graph
    renamed = {
        f"past.{layer}.{part}": f"past_key_values.{layer}.{part}" for layer in range(shape.layers) for part in ("key", "value")
    }
    renamed |= {"logits": "logits/flat"}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    constants = {"one": [1], "batch": [0]}
    graph.initializer.extend(helper.make_tensor(f"layout/{k}", TensorProto.INT64, [1], v) for k, v in constants.items())
    graph.initializer.append(helper.make_tensor("positions", TensorProto.INT64, [1], [-1]))
    graph.initializer.append(helper.make_tensor("layout/scalar", TensorProto.INT64, [0], []))
    before = [
        helper.make_node("ReduceSum", ["attention_mask", "layout/one"], ["layout/lengths"], keepdims=0),
        helper.make_node("Sub", ["layout/lengths", "layout/one"], ["layout/less_one"]),
        helper.make_node("Cast", ["layout/less_one"], ["row_lengths"], to=TensorProto.INT32),
        helper.make_node("Reshape", ["layout/lengths", "layout/scalar"], ["layout/length"]),
        helper.make_node("Cast", ["layout/length"], ["total_length"], to=TensorProto.INT32),
    ]
    after = [helper.make_node("Unsqueeze", ["logits/flat", "layout/batch"], ["logits"])]
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    cache = ("batch_size", shape.kv_heads)
    graph.input.extend(
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch_size", "sequence"]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch_size", "total"]),
            *(
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [*cache, "past", shape.head_size])
                for name in renamed.values()
                if name != "logits/flat"
            ),
        ]
    )
    graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", 1, shape.vocabulary]))
    graph.output.extend(
        helper.make_tensor_value_info(f"present.{layer}.{part}", TensorProto.FLOAT, [*cache, "total", shape.head_size])
        for layer in range(shape.layers)
        for part in ("key", "value")
    )
    return model
