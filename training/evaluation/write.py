"""Lets the note service's own code write notes for visits: from an exported model, or from the same model in `transformers`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from appliance.models.tokenizer import read_tokenizer
from appliance.note.model import LanguageModel
from appliance.note.sections import SectionsStrategy
from appliance.note.templates import Template
from appliance.note.topics import TopicsStrategy
from appliance.note.writer import Strategy
from appliance.runtime.bundle import NoteModel
from training.datasets.examples import StrategyName
from training.evaluation.one_shot import OneShot
from training.visits import Line, Visit, WrittenNote

Progress = Callable[[int, int], None]
"""Called with notes done and notes in all."""


def load_model(model: Path, *, context: int, torch_base: Path | None = None) -> LanguageModel:
    """Load what writes the notes.

    Args:
        model: Directory with an exported graph and its tokenizer; with `torch_base`, directory of the adapter.
        context: Longest sequence in tokens.
        torch_base: The base, to run in `transformers` instead of ONNX Runtime.

    Raises:
        InputError, BundleError: There is no such model, or it is damaged.
    """
    if torch_base is None:
        return LanguageModel.load(model, threads=0, context=context)
    from training.evaluation.reference_model import ReferenceModel  # noqa: PLC0415  # torch
    from training.export.reference import load_tuned  # noqa: PLC0415

    return ReferenceModel(load_tuned(torch_base, model), read_tokenizer(torch_base), context=context)


def write_with(
    model: LanguageModel,
    visits: Iterable[Visit],
    config: NoteModel,
    template: Template,
    *,
    strategy: StrategyName | None = None,
    grounded: bool = True,
    completed: bool = True,
    progress: Progress = lambda _done, _all: None,
) -> Iterator[WrittenNote]:
    """Write a note for every visit, one after the other.

    Args:
        model: The language model, or a `ReferenceModel`.
        visits: Only their turns are read.
        config: How the model is to be used.
        template: The sections of the notes.
        strategy: None takes that of the configuration; `one_shot` exists for comparison only.
        grounded: Whether numbers, units, drugs, sides and dates must have been said; `one_shot` is never grounded.
        completed: Whether the topics strategy asks a tuned model again about what its note misses.
        progress: Called after every note.

    Raises:
        TooLargeError: A visit does not fit into the model's context.
    """
    chosen = strategy or config.strategy
    todo = list(visits)
    write: Callable[[Visit], WrittenNote]
    if chosen == "one_shot":
        one_shot = OneShot(model, config, template)
        one_shot.check(todo)
        write = one_shot.write
    else:
        parts: Strategy
        if chosen == "sections":
            parts = SectionsStrategy(model, config, grounded=grounded)
        else:
            parts = TopicsStrategy(model, config, grounded=grounded, completed=completed)

        def write(visit: Visit) -> WrittenNote:
            return _in_parts(parts, visit, template)

    for done, visit in enumerate(todo, 1):
        yield write(visit)
        progress(done, len(todo))


def _in_parts(strategy: Strategy, visit: Visit, template: Template) -> WrittenNote:
    writer = strategy.writer(template)
    for utterance in visit.turns:
        writer.add(utterance.turn)
    for _ in writer.finish():
        pass
    sections = [section for section in writer.sections() if section.sentences]
    text = "\n\n".join(f"{section.title.upper()}\n\n{section.text}" for section in sections) + "\n"
    lines = [Line(section.name, sentence.text, sentence.turns) for section in sections for sentence in section.sentences]
    return WrittenNote(visit.id, text, tuple(lines))
