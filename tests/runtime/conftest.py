from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tiny_llama import CONTEXT, TinyLlama

from appliance.models.assemble import write_manifest
from appliance.models.graph import write_graph
from appliance.models.tokenizer import write_tokenizer
from appliance.models.weights import GgufLlama
from appliance.runtime.bundle import FORMAT, Manifest, NoteModel, SpeechModel
from appliance.runtime.providers.probe import Subject


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose note model is a Llama of two layers."""
    directory = tmp_path_factory.mktemp("bundle")
    gguf, note = directory.parent / "tiny.gguf", directory / "note"
    note.mkdir()
    TinyLlama(seed=11).write(gguf)
    weights = GgufLlama(gguf)
    write_tokenizer(weights, note)
    write_graph(weights, note)
    config = NoteModel("tiny", "none", "topics", CONTEXT, "tuned")
    write_manifest(directory, Manifest(FORMAT, "tiny", "1", SpeechModel("none"), config, {}, ()))
    return directory


@pytest.fixture
def subject(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """The tiny model, tried by a child that behaves as candidates ask it to."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return Subject("bad_candidates", tiny_bundle / "note", CONTEXT, threads=1, most_seconds=60)


@pytest.fixture(scope="session")
def openvino_python() -> str:
    """The interpreter of `make build/openvino.stamp`."""
    found = os.environ.get("CHARTSIDE_OPENVINO_PYTHON") or Path(__file__).parents[2] / "build" / "openvino" / "bin" / "python"
    if not Path(found).exists() or sys.platform != "linux":
        pytest.skip("the OpenVINO environment is not built; `make build/openvino.stamp` builds it")
    return str(found)
