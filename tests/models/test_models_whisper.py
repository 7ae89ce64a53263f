"""The speech model's graphs for pages against the model that they were written from, on CTranslate2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from ctranslate2 import StorageView
from faster_whisper import WhisperModel, decode_audio
from faster_whisper.transcribe import pad_or_trim
from sample_visits import sample_visits

from appliance.audio import SAMPLE_RATE
from appliance.errors import BundleError
from appliance.models.ctranslate import read_variables
from appliance.models.page_speech import write_page_speech
from appliance.models.whisper_encoder import write_encoder
from appliance.models.whisper_rules import CHOICES, write_alignment, write_choice
from appliance.runtime.bundle import Bundle

Array = npt.NDArray[Any]
SOT, NO_TIMESTAMPS, EOT = 50257, 50362, 50256
WINDOW: Final = 3000
MEL, HEARD = "window/output", "layer_norm/output"
"""Values inside the encoder: the spectrogram, and what the decoder's keys and values are made from."""


@pytest.fixture(scope="module")
def samples() -> Array:
    """Ten seconds of a visit."""
    audio = decode_audio(str(sample_visits()[0].audio), sampling_rate=SAMPLE_RATE)[: 10 * SAMPLE_RATE]
    rounded: Array = np.rint(audio * 32767).astype(np.int16)
    return rounded


@pytest.fixture(scope="module")
def published(default_bundle: Bundle) -> WhisperModel:
    return WhisperModel(str(default_bundle.speech_directory), device="cpu", compute_type="float32", local_files_only=True)


@pytest.fixture(scope="module")
def variables(default_bundle: Bundle) -> dict[str, Array]:
    with (default_bundle.speech_directory / "model.bin").open("rb") as file:
        return read_variables(file, "model.bin", "WhisperSpec")


@pytest.fixture(scope="module")
def page(default_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("speech") / "page"
    write_page_speech(default_bundle.speech_directory, directory)
    return directory


def loaded(model: onnx.ModelProto, directory: Path, *values: str) -> onnxruntime.InferenceSession:
    """A session that gives values from inside the graph, too."""
    for value in values:
        model.graph.output.append(onnx.helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, None))
    path = directory / "with-values.onnx"
    onnx.save(model, path)
    return onnxruntime.InferenceSession(path)


def run(session: onnxruntime.InferenceSession, feeds: Mapping[str, Array]) -> dict[str, Array]:
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, dict(feeds)), strict=True))


def window(samples: Array, first: int, last: int, frames: int) -> dict[str, Array]:
    return {"samples": samples, **{name: np.array([n]) for name, n in (("first", first), ("last", last), ("frames", frames))}}


@pytest.fixture(scope="module")
def encoder(variables: dict[str, Array], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    def make(*, integers: bool) -> onnxruntime.InferenceSession:
        directory = tmp_path_factory.mktemp("encoder")
        with (directory / "data").open("wb") as data:
            model = write_encoder(variables, data, "data", integers=integers)
        return loaded(model, directory, MEL, HEARD)

    return make


@pytest.mark.parametrize("integers", [False, True])
def test_the_encoder_hears_what_the_published_one_hears(
    encoder: Callable[..., Any], published: WhisperModel, samples: Array, *, integers: bool
) -> None:
    features = published.feature_extractor(samples.astype(np.float32) / 32768)
    found = run(encoder(integers=integers), window(samples, 0, features.shape[1], WINDOW))
    padded = pad_or_trim(features)
    np.testing.assert_allclose(found[MEL][0], padded, atol=2e-5)
    heard = np.array(published.model.encode(StorageView.from_array(padded[None])))[0]
    difference = float(np.linalg.norm(found[HEARD] - heard) / np.linalg.norm(heard))
    print(f"speech_encoder_{'int8' if integers else 'float'}={difference:.6f}")
    # int8 with one step for all of a product's inputs, which rounds more than CTranslate2's int8 (0.04) does.
    assert difference < (0.1 if integers else 1e-5)


def test_a_window_is_cut_from_all_that_was_said(encoder: Callable[..., Any], published: WhisperModel, samples: Array) -> None:
    features = published.feature_extractor(samples.astype(np.float32) / 32768)
    (mel,) = run(encoder(integers=False), window(samples, 130, 731, 800))[MEL]
    np.testing.assert_allclose(mel[:, :601], features[:, 130:731], atol=2e-5)
    assert mel.shape == (80, 800)
    assert not mel[:, 601:].any()


def test_words_are_aligned_as_published(page: Path, published: WhisperModel, samples: Array) -> None:
    features = pad_or_trim(published.feature_extractor(samples.astype(np.float32) / 32768))
    text = published.hf_tokenizer.encode(" Hi there, nice to see you again.", add_special_tokens=False).ids
    content = 250
    (wanted,) = published.model.align(StorageView.from_array(features[None]), [SOT], [text], 2 * content)

    heard = run(onnxruntime.InferenceSession(page / "encoder.onnx"), window(samples, 0, 1001, WINDOW))
    decoder = onnxruntime.InferenceSession(page / "decoder.onnx")
    nothing = {
        value.name: np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
        for value in decoder.get_inputs()
        if value.name.startswith("past.")
    }
    ids = np.array([[SOT, NO_TIMESTAMPS, *text, EOT]])
    read = run(decoder, {"input_ids": ids, "parents": np.array([0]), **nothing, **heard})
    targets = np.array([*ids[0, 1:], 0])
    asked = {"logits": read["logits"], "alignment": read["alignment"], "targets": targets, "content": np.array([content])}
    aligned = run(onnxruntime.InferenceSession(page / "alignment.onnx"), asked)
    np.testing.assert_allclose(aligned["probabilities"][1 : 1 + len(text)], wanted.text_token_probs, atol=0.1)
    # The published path goes where the page's weights are great.
    on_path = np.mean([aligned["weights"][1 + row, column] for row, column in wanted.alignments])
    assert on_path > aligned["weights"][1:-1].mean() + aligned["weights"][1:-1].std()
    assert aligned["weights"].shape == (len(ids[0]), content)


def test_step_by_step_is_at_once(page: Path, samples: Array) -> None:
    """What a row remembers is what it would read again; rows may change places."""
    heard = run(onnxruntime.InferenceSession(page / "encoder.onnx"), window(samples, 0, 600, 600))
    decoder = onnxruntime.InferenceSession(page / "decoder.onnx")
    past = {
        value.name: np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
        for value in decoder.get_inputs()
        if value.name.startswith("past.")
    }

    def call(ids: list[list[int]], parents: list[int]) -> dict[str, Array]:
        found = run(decoder, {"input_ids": np.array(ids), "parents": np.array(parents), **past, **heard})
        past.update({name.replace("present", "past"): value for name, value in found.items() if name.startswith("present")})
        return found

    empty = dict(past)
    call([[SOT, NO_TIMESTAMPS]], [0])
    call([[314], [2159]], [0, 0])
    stepped = call([[318], [612]], [1, 0])["logits"]
    for row, ids in enumerate(([SOT, NO_TIMESTAMPS, 2159, 318], [SOT, NO_TIMESTAMPS, 314, 612])):
        past.update(empty)
        whole = call([ids], [0])["logits"][-1]
        # Inputs are rounded to int8 with one step for a whole call, so the same token comes out a little different.
        assert np.corrcoef(stepped[row], whole)[0, 1] > 0.99
        assert stepped[row].argmax() == whole.argmax()


def _log_softmax(values: Array) -> Array:
    shifted = values - values.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def test_only_what_may_follow_is_chosen(tmp_path: Path) -> None:
    vocabulary, timestamps, no_speech = 120, 90, 70
    session = loaded(write_choice(vocabulary, timestamps, no_speech, [3, 4], [7]), tmp_path)
    logits = np.random.default_rng(3).normal(size=(4, vocabulary)).astype(np.float32)
    logits[:, [3, 7]] = 9
    # Of rows 0 and 2 one text is likeliest, of row 3 all timestamps together, and of row 1 none may follow.
    logits[[0, 2], [20, 75]] = 6
    spans = np.array([[0, 80, 95, 120], [0, 90, 0, 0], [60, 80, 100, 120], [0, 80, 90, 120]])
    found = run(
        session, {"logits": logits, "spans": spans, "starting": np.ones(1, np.float32), "timed": np.ones(1, np.float32)}
    )
    np.testing.assert_allclose(found["no_speech"], np.exp(_log_softmax(logits))[:1, no_speech], rtol=1e-5)
    for row, (a, b, c, d) in enumerate(spans):
        allowed = [n for n in range(vocabulary) if (a <= n < b or c <= n < d) and n not in (3, 4, 7)]
        if row == 3:
            allowed = [n for n in allowed if n >= timestamps]
        wanted = _log_softmax(logits[row, allowed])
        order = np.argsort(-wanted)[:CHOICES]
        assert found["tokens"][row].tolist() == [allowed[n] for n in order]
        np.testing.assert_allclose(found["log_probabilities"][row], wanted[order], atol=1e-5)
    untimed = run(
        session, {"logits": logits, "spans": spans, "starting": np.zeros(1, np.float32), "timed": np.zeros(1, np.float32)}
    )
    assert untimed["tokens"][3, 0] == 7
    assert (untimed["tokens"][3] < timestamps).any()


def test_weights_are_those_of_the_definition(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    session = loaded(write_alignment(60, 50, heads=3), tmp_path)
    logits, scores = generator.normal(size=(5, 60)).astype(np.float32), generator.normal(size=(3, 5, 40)).astype(np.float32)
    targets = np.array([1, 49, 7, 3, 0])
    found = run(session, {"logits": logits, "alignment": scores, "targets": targets, "content": np.array([30])})
    np.testing.assert_allclose(found["probabilities"], np.exp(_log_softmax(logits[:, :50]))[np.arange(5), targets], rtol=1e-5)
    weights = np.exp(_log_softmax(scores[..., :30]))
    weights = (weights - weights.mean(axis=1, keepdims=True)) / weights.std(axis=1, keepdims=True)
    mirrored = np.pad(weights, ((0, 0), (0, 0), (3, 3)), mode="reflect")
    median = np.median(np.lib.stride_tricks.sliding_window_view(mirrored, 7, axis=2), axis=-1)
    np.testing.assert_allclose(found["weights"], median.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("damage", [b"", b"\x06\0\0\0\x0c\0WhisperSpec", b"PK not a model"])
def test_damaged_weights_are_refused(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(damage)
    with path.open("rb") as file, pytest.raises(BundleError, match="cannot be read"):
        read_variables(file, "model.bin", "WhisperSpec")
