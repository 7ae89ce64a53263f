from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from faster_whisper import decode_audio
from sample_visits import sample_visits

from appliance.audio import SAMPLE_RATE
from appliance.errors import BundleError
from appliance.models.speaker import write_speaker_graph
from appliance.models.torch_file import read_tensors
from appliance.runtime.bundle import SPEAKER_GRAPH, Bundle

Audio = npt.NDArray[np.float32]
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SIZES = {"protocol_version": PROTOCOL, "little_endian": True}


def test_the_bundle_names_the_model_its_origin_and_its_licence(default_bundle: Bundle) -> None:
    manifest = default_bundle.manifest
    assert manifest.speaker is not None
    assert manifest.files[f"{manifest.speaker.directory}/{SPEAKER_GRAPH}"].bytes > 5_000_000
    assert [source.licence for source in manifest.sources if source.name == "resemblyzer"] == ["Apache-2.0"]


def test_the_graph_gives_what_torch_gives(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class VoiceEncoder(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(40, 256, 3, batch_first=True)
            self.linear = torch.nn.Linear(256, 256)

        def forward(self, mels: Any) -> Any:
            _, (hidden, _) = self.lstm(mels)
            vectors = torch.relu(self.linear(hidden[-1]))
            return vectors / torch.norm(vectors, dim=1, keepdim=True)

    torch.manual_seed(1)
    network = VoiceEncoder()
    saved = io.BytesIO()
    entry = {"step": 7, "model_state": network.state_dict()}
    torch.save(entry, saved, _use_new_zipfile_serialization=False)
    saved.seek(0)
    write_speaker_graph(saved, "weights", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / SPEAKER_GRAPH, providers=["CPUExecutionProvider"])

    speech = pcm(decode_audio(str(sample_visits()[0].audio), sampling_rate=SAMPLE_RATE)[: 20 * SAMPLE_RATE])
    for length in (40, 160):
        starts = np.arange(0, 1 + len(speech) // 160 - length, 200)
        frames, found = session.run(None, {"samples": speech, "starts": starts, "length": np.array([length])})
        with torch.no_grad():
            expected = network(torch.from_numpy(np.stack([frames[at : at + length] for at in starts]))).numpy()
        assert (found * expected).sum(axis=1).min() > 0.9999


def pcm(audio: Audio) -> npt.NDArray[np.int16]:
    return np.asarray(np.rint(audio * 32767), np.int16)


def mel_frames(bundle: Bundle, audio: Audio) -> Audio:
    """The graph's mel frames of audio, made as loud again as it was."""
    session = onnxruntime.InferenceSession(bundle.speaker_directory / SPEAKER_GRAPH)
    windows = {"starts": np.array([0]), "length": np.array([1])}
    frames, _ = session.run(None, {"samples": pcm(audio), **windows})
    loudness = np.sqrt(np.mean((pcm(audio) / 32768) ** 2)) / 10 ** (-25 / 20)
    return np.asarray(frames * loudness**2, np.float32)


def test_mel_frames_are_those_of_librosa(default_bundle: Bundle) -> None:
    librosa = pytest.importorskip("librosa")
    audio = decode_audio(str(sample_visits()[0].audio), sampling_rate=SAMPLE_RATE)[: 10 * SAMPLE_RATE]
    heard = pcm(audio).astype(np.float32) / 32768
    expected = librosa.feature.melspectrogram(y=heard, sr=SAMPLE_RATE, n_fft=400, hop_length=160, n_mels=40).T
    np.testing.assert_allclose(mel_frames(default_bundle, audio), expected, rtol=1e-3, atol=1e-7)


def test_mel_frames_of_a_tone_are_as_librosa_0_11_gave_them(default_bundle: Bundle) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE).astype(np.float32)
    frames = mel_frames(default_bundle, tone)
    assert frames.shape == (26, 40)
    np.testing.assert_allclose(frames[10, 4:7], [21.756968, 164.310852, 17.819235], rtol=2e-4)


class Call:
    """An object whose pickle runs a command when it is read by the standard library."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pickle-ran",)


def legacy(saved: object, *, magic: int = MAGIC) -> bytes:
    """A file in torch's old format without storages."""
    return b"".join(pickle.dumps(part, 2) for part in (magic, PROTOCOL, SIZES, saved, []))


def refused(body: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        read_tensors(io.BytesIO(body), "weights", "model_state")


def test_a_pickle_that_calls_anything_else_is_refused_and_calls_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(legacy({"model_state": Call()}), r"it names (posix|nt|os)\.system")
    refused(pickle.dumps(Call(), 2), r"it names (posix|nt|os)\.system")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 a zip of a newer torch", "cannot be read"),
        (legacy({"model_state": {}}, magic=1), "another format"),
        (legacy({"optimizer": {}}), "model_state"),
        (legacy({"model_state": {"linear.bias": [1.0]}}), "cannot be read"),
        (legacy(7), "cannot be read"),
        (legacy({"model_state": {}})[:-2], "cannot be read"),
    ],
)
def test_what_is_no_such_file_is_refused(body: bytes, reason: str) -> None:
    refused(body, reason)


def one_tensor(elements: int, stored: int, shape: tuple[int, ...], offset: int = 0) -> bytes:
    """A file with one tensor `x`, built opcode by opcode so that no torch is needed."""
    float_storage, rebuild = b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n"

    def number(value: int) -> bytes:
        return b"I%d\n" % value

    dims = b"(" + b"".join(map(number, shape)) + b"t"
    strides = b"(" + b"".join(number(int(np.prod(shape[axis + 1 :]))) for axis in range(len(shape))) + b"t"
    reference = b"(Vstorage\n" + float_storage + b"Vkey\nVcpu\n" + number(elements) + b"NtQ"
    tensor = rebuild + b"(" + reference + number(offset) + dims + strides + b"I00\nNtR"
    saved = b"}Vmodel_state\n}Vx\n" + tensor + b"ss."
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, SIZES))
    values = np.arange(stored, dtype="<f4").tobytes()
    return head + saved + pickle.dumps(["key"], 2) + struct.pack("<q", stored) + values


def test_a_tensor_is_read_where_it_lies() -> None:
    (name, found), *_ = read_tensors(io.BytesIO(one_tensor(8, 8, (2, 3), offset=1)), "weights", "model_state").items()
    assert name == "x"
    np.testing.assert_array_equal(found, [[1, 2, 3], [4, 5, 6]])


def test_a_tensor_beyond_its_storage_is_refused() -> None:
    refused(one_tensor(8, 8, (3, 3)), "does not fit")
    refused(one_tensor(8, 8, (2, 2), offset=-1), "does not fit")
    refused(one_tensor(8, 8, (2, 3))[:-1], "cut off")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"linear\.weight"):
        write_speaker_graph(io.BytesIO(one_tensor(8, 8, (2, 3))), "weights", tmp_path)
    assert list(tmp_path.iterdir()) == []
