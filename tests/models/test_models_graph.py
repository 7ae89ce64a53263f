from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_runs import Run, divergence, top1
from tiny_llama import CONTEXT, VOCABULARY, TinyLlama

from appliance.errors import BundleError, InputError
from appliance.models.graph import write_graph
from appliance.models.llama import LlamaWeights
from appliance.models.merge import Merged
from appliance.models.weights import GgufLlama


@pytest.fixture(scope="module")
def tiny() -> TinyLlama:
    return TinyLlama(seed=7)


@pytest.fixture(scope="module")
def exact(tiny: TinyLlama, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("tiny")
    tiny.write(directory / "tiny.gguf")
    write_graph(GgufLlama(directory / "tiny.gguf"), directory, accuracy_level=1)
    return Run(directory)


def test_equals_an_independent_implementation(tiny: TinyLlama, exact: Run) -> None:
    ids = list(range(3, 43))
    logits, _ = exact.run([ids], None, [len(ids)], list(range(len(ids))))
    np.testing.assert_allclose(logits, tiny.logits(ids), atol=2e-4)


def test_gives_logits_only_where_wanted(tiny: TinyLlama, exact: Run) -> None:
    ids = [5, 9, 2, 40, 41]
    logits, _ = exact.run([ids], None, [5], [4, 1])
    assert logits.shape == (2, VOCABULARY)
    np.testing.assert_allclose(logits, tiny.logits(ids)[[4, 1]], atol=2e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, VOCABULARY - 1), min_size=2, max_size=30), st.data())
def test_a_prompt_may_come_in_pieces(tiny: TinyLlama, exact: Run, ids: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(ids) - 1))
    _, past = exact.run([ids[:cut]], None, [cut], [0])
    logits, _ = exact.run([ids[cut:]], past, [len(ids)], [len(ids) - cut - 1])
    np.testing.assert_allclose(logits[0], tiny.logits(ids)[-1], atol=2e-4)


def test_rows_of_a_batch_have_their_own_lengths(tiny: TinyLlama, exact: Run) -> None:
    first, second = [1, 2, 3, 4, 5, 6], [50, 60, 70]
    padded = [first, second + [0] * 3]
    logits, past = exact.run(padded, None, [6, 3], [5, 6 + 2])
    np.testing.assert_allclose(logits, [tiny.logits(first)[-1], tiny.logits(second)[-1]], atol=2e-4)
    logits, _ = exact.run([[7], [8]], past, [7, 4], [0, 1])
    np.testing.assert_allclose(logits, [tiny.logits([*first, 7])[-1], tiny.logits([*second, 8])[-1]], atol=2e-4)


def test_shipped_accuracy_level_stays_close(tiny: TinyLlama, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny.gguf")
    write_graph(GgufLlama(tmp_path / "tiny.gguf"), tmp_path)
    ids = list(range(40))
    assert divergence(tiny.logits(ids), Run(tmp_path).logits(ids)) < 0.01


@pytest.mark.parametrize("bits", [4, 8])
def test_float16_agrees_with_float32(tiny: TinyLlama, tmp_path: Path, bits: Literal[4, 8]) -> None:
    """ONNX Runtime's CPU has float16 kernels for MatMulNBits, GroupQueryAttention and the norms, and casts around the rest."""
    tiny.write(tmp_path / "tiny.gguf")
    weights: LlamaWeights = GgufLlama(tmp_path / "tiny.gguf")
    if bits == 8:
        weights = Merged(weights, None, 8)
    write_graph(weights, tmp_path, io="float16", accuracy_level=1)
    half = Run(tmp_path)
    assert half.type is np.float16
    ids = list(range(40))
    assert half.logits(ids).dtype == np.float16
    assert divergence(tiny.logits(ids), half.logits(ids)) < 0.001
    assert top1(tiny.logits(ids), half.logits(ids)) > 0.95
    _, past = half.run([ids[:30]], None, [30], [0])
    logits, _ = half.run([ids[30:]], past, [40], list(range(10)))
    np.testing.assert_allclose(logits, half.logits(ids)[30:], atol=0.05)


def test_float16_holds_the_same_codes(tiny: TinyLlama, tmp_path: Path) -> None:
    import onnx

    tiny.write(tmp_path / "tiny.gguf")
    codes = {}
    for io in ("float32", "float16"):
        (tmp_path / io).mkdir()
        write_graph(GgufLlama(tmp_path / "tiny.gguf"), tmp_path / io, io="float16" if io == "float16" else "float32")
        model = onnx.load(tmp_path / io / "model.onnx")
        codes[io] = {
            t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer if "codes" in t.name or "scale" in t.name
        }
        floats = {t.data_type for t in model.graph.initializer if t.data_type in {1, 10}}
        assert floats == {10 if io == "float16" else 1}
    for name, array in codes["float32"].items():
        np.testing.assert_array_equal(codes["float16"][name].astype(array.dtype), array)


def test_tables_cover_the_wanted_context_only(tiny: TinyLlama, tmp_path: Path) -> None:
    import onnx

    tiny.write(tmp_path / "tiny.gguf")
    weights = GgufLlama(tmp_path / "tiny.gguf")
    write_graph(weights, tmp_path, accuracy_level=1, context=20)
    shapes = {t.name: list(t.dims) for t in onnx.load(tmp_path / "model.onnx", load_external_data=False).graph.initializer}
    assert shapes["rotary.cos"] == [20, 16]
    np.testing.assert_allclose(Run(tmp_path).logits([1, 2, 3]), tiny.logits([1, 2, 3]), atol=2e-4)
    for wrong in (0, CONTEXT + 1):
        with pytest.raises(InputError, match=f"reads 1 to {CONTEXT} tokens"):
            write_graph(weights, tmp_path, context=wrong)


def test_same_weights_give_the_same_bytes(tiny: TinyLlama, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny.gguf")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_graph(GgufLlama(tmp_path / "tiny.gguf"), tmp_path / name, accuracy_level=4)
    for file in ("model.onnx", "model.onnx.data"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_refuses_what_is_not_such_a_model(tiny: TinyLlama, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF but not really")
    with pytest.raises(BundleError, match="not a complete GGUF file"):
        GgufLlama(path)
    tiny.write(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(BundleError, match="not a complete GGUF file"):
        GgufLlama(path)
    tiny.write(path, architecture="gpt2")
    with pytest.raises(BundleError, match="does not hold a Llama model"):
        GgufLlama(path)
