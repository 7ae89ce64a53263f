"""Notes from the exported graph and from `transformers`: the same weights must write the same tokens."""

from __future__ import annotations

import string

import msgspec
import numpy as np
import pytest
import tiny_llama

from appliance.errors import TooLargeError
from appliance.models.graph import write_graph
from appliance.models.weights import GgufLlama
from appliance.note.decoding import Meter, Row, prefill, write_rows
from appliance.note.model import LanguageModel
from appliance.note.rules import NoRepeatedPhrase, RepetitionPenalty
from appliance.note.templates import template_named
from appliance.runtime.bundle import NoteModel
from training.datasets.examples import StrategyName, examples

pytest.importorskip("torch", reason="needs the train extra: pip install 'chartside[train]'")
pytest.importorskip("transformers", reason="needs the train extra: pip install 'chartside[train]'")

from evaluation_visits import DIABETES
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from training.base import dequantized
from training.evaluation.one_shot import OneShot
from training.evaluation.reference_model import ReferenceModel
from training.evaluation.write import write_with

CONTEXT = 3000
SHORT = msgspec.structs.replace(DIABETES, turns=DIABETES.turns[:6])
Models = tuple[LanguageModel, LanguageModel]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The tiny model as exported graph and in `transformers`, with one token per character."""
    directory = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_llama, "CONTEXT", CONTEXT)
        tiny_llama.TinyLlama(1).write(directory / "tiny.gguf")
    gguf = GgufLlama(directory / "tiny.gguf")
    write_graph(gguf, directory, accuracy_level=1)
    letters = ["Ġ", "Ċ", *(set(string.printable[:94]) - set("`^"))]
    tokenizer = Tokenizer(BPE({letter: number for number, letter in enumerate(sorted(letters))}, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in ("<|im_start|>", "<|im_end|>")])
    assert tokenizer.get_vocab_size() == tiny_llama.VOCABULARY
    tokenizer.save(str(directory / "tokenizer.json"))
    exported = LanguageModel(directory, threads=1, context=CONTEXT)
    return exported, ReferenceModel(dequantized(gguf), tokenizer, context=CONTEXT)


def written(model: LanguageModel, prompts: list[str]) -> list[list[int]]:
    cache = model.empty_cache(16)
    for _ in prefill(model, cache, model.encode("<|im_start|>user\n"), Meter()):
        pass
    rows = [
        Row(
            model.encode(prompt),
            20 + 10 * number,
            frozenset({model.token("<|im_end|>")}),
            [RepetitionPenalty(1.1), NoRepeatedPhrase(3)],
        )
        for number, prompt in enumerate(prompts)
    ]
    for _ in write_rows(model, cache, rows, Meter()):
        pass
    return [row.written for row in rows]


def test_logits_agree(models: Models) -> None:
    ids = models[0].encode("Metformin 500 mg twice a day.")
    np.testing.assert_allclose(models[0].logits(ids), models[1].logits(ids), atol=1e-3)


def test_rows_of_different_length_write_the_same_tokens(models: Models) -> None:
    prompts = ["Any fever?", "I take metformin, 500 milligrams, and lisinopril. " * 4, "No."]
    first, second = (written(model, prompts) for model in models)
    assert first == second
    assert [len(ids) for ids in first] == [20, 30, 40]


@pytest.mark.parametrize(
    ("strategy", "writing"),
    [("topics", "tuned"), ("topics", "zero_shot"), ("sections", "tuned"), ("one_shot", "tuned"), ("one_shot", "zero_shot")],
)
def test_both_write_the_same_notes(
    models: Models, strategy: StrategyName, writing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.evaluation.one_shot.NOTE_LIMIT", 60)
    monkeypatch.setattr("appliance.note.topics.ANSWER_LIMIT", 60)
    monkeypatch.setattr("appliance.note.sections.SECTION_LIMIT", 40)
    config = msgspec.convert(
        {"model": "tiny", "adapter": "none", "strategy": "topics", "context": CONTEXT, "writing": writing}, NoteModel
    )
    seen: list[tuple[int, int]] = []
    first, second = (
        list(write_with(model, [SHORT], config, template_named("aci"), strategy=strategy, progress=lambda *p: seen.append(p)))
        for model in models
    )
    assert first == second
    assert first[0].visit == "diabetes"
    assert len(first[0].text) > 20
    assert seen == [(1, 1), (1, 1)]


def test_the_one_shot_prompt_is_that_of_training(models: Models) -> None:
    config = NoteModel("tiny", "none", "topics", CONTEXT, "tuned")
    (example,) = examples([DIABETES], "one_shot", seed=0, unknown=0.0, nothing=0.0)
    assert OneShot(models[0], config, template_named("aci"))._prompt(DIABETES) == models[0].encode(example.prompt)


def test_a_dialogue_that_does_not_fit_is_refused_by_name_before_anything_is_written(models: Models) -> None:
    config = NoteModel("tiny", "none", "topics", CONTEXT, "tuned")
    long = msgspec.structs.replace(DIABETES, id="endless", turns=DIABETES.turns * 9)
    notes = write_with(models[0], [SHORT, long], config, template_named("aci"), strategy="one_shot")
    with pytest.raises(TooLargeError, match=f"endless has .* tokens with its prompt; the model reads {CONTEXT}"):
        next(notes)
