"""One HTML page about an evaluation: plots, a table with intervals, and every case. The page loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.evaluation.evaluate import Case, Evaluation, SystemResult
from training.evaluation.metrics import METRICS, Metric
from training.evaluation.plots import bars, boxes
from training.visits import Visit, WrittenNote

_TEMPLATE: Final = "report.html"
_BARS: Final = ("rouge1", "major_hallucinations", "major_omissions", "safety_recall", "unsupported_rate")
_BOXES: Final = ("rouge1", "major_hallucinations", "major_omissions")
_CASE_SCORES: Final = (
    "rouge1",
    "rougeLsum",
    "unsupported_rate",
    "safety_recall",
    "major_hallucinations",
    "major_omissions",
    "words",
)
_NOT_COMPARED: Final = frozenset(". \n\t")
_WITHOUT_DECIMALS: Final = 20
_SPEAKERS: Final = {"clinician": "Doctor", "patient": "Patient", "unknown": ""}


@dataclass(frozen=True)
class _Piece:
    """A stretch of a note."""

    text: str
    mark: str = ""
    """CSS class; empty for plain text."""


@dataclass(frozen=True)
class _Written:
    system: str
    pieces: list[_Piece]
    case: Case
    scores: list[tuple[str, str]]


def write_report(
    path: Path,
    evaluation: Evaluation,
    visits: Sequence[Visit],
    systems: Mapping[str, Sequence[WrittenNote]],
    *,
    title: str,
    marked: str = "",
) -> None:
    """Write the page.

    Args:
        path: Where to.
        evaluation: What `evaluate` returned for these visits and systems.
        visits: What was evaluated.
        systems: Notes by system.
        title: Heading of the page.
        marked: Name of the system that stands out; empty takes the first that is not the base.
    """
    names = [system.name for system in evaluation.systems]
    chosen = marked or next((name for name in names if name != evaluation.base), evaluation.base)
    scored = [metric for metric in METRICS if any(metric in system.means for system in evaluation.systems)]
    page = _environment().get_template(_TEMPLATE)
    texts = {name: {note.visit: note.text for note in notes} for name, notes in systems.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        page.render(
            title=title,
            evaluation=evaluation,
            marked=chosen,
            plots=[Markup(plot) for plot in _plots(evaluation.systems, scored, chosen)],  # noqa: S704  # made by matplotlib, which escapes names
            rows=[(METRICS[metric], [_cell(system, metric) for system in evaluation.systems]) for metric in scored],
            cases=[
                (visit, [_written(system, number, texts[system.name][visit.id]) for system in evaluation.systems])
                for number, visit in enumerate(visits)
            ],
            speakers=_SPEAKERS,
        ),
        "utf-8",
    )


def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _plots(systems: Sequence[SystemResult], scored: Sequence[str], marked: str) -> list[str]:
    return [
        *(bars(systems, metric, marked=marked) for metric in _BARS if metric in scored),
        *(boxes(systems, metric, marked=marked) for metric in _BOXES if metric in scored),
    ]


def _cell(system: SystemResult, metric: str) -> tuple[str, str, str]:
    """Mean, interval and p of one score, as shown."""
    found = system.means.get(metric)
    if found is None:
        return "–", "", ""  # noqa: RUF001  # a dash for "not scored"
    comparison = system.against_base.get(metric)
    p = "" if comparison is None else "p < 0.001" if comparison.p < 0.001 else f"p = {comparison.p:.3f}"  # noqa: PLR2004  # as papers write it
    how = METRICS[metric]
    return _shown(how, found.mean), f"{_shown(how, found.low)} to {_shown(how, found.high)}", p


def _written(system: SystemResult, number: int, text: str) -> _Written:
    case = system.cases[number]
    scores = [(METRICS[name].title, _shown(METRICS[name], case.scores[name])) for name in _CASE_SCORES if name in case.scores]
    return _Written(system.name, _pieces(text, case), case, scores)


def _pieces(text: str, case: Case) -> list[_Piece]:
    """The note in stretches, those with a major hallucination and those without support marked."""
    marks = dict.fromkeys(case.unsupported, "unsupported")
    if case.findings:
        marks |= {
            found.sentence: "major" for found in case.findings.hallucinations if found.sentence and found.severity == "major"
        }
    pieces, position = [], 0
    for start, end, mark in sorted((*place, mark) for sentence, mark in marks.items() if (place := _place(text, sentence))):
        if start >= position:
            pieces += [_Piece(text[position:start]), _Piece(text[start:end], mark)]
            position = end
    return [piece for piece in (*pieces, _Piece(text[position:])) if piece.text]


def _place(text: str, sentence: str) -> tuple[int, int] | None:
    """Where a sentence stands in a note; full stops and blanks do not count, since "b.i.d." was read as "bid"."""
    kept = [position for position, character in enumerate(text) if character not in _NOT_COMPARED]
    wanted = "".join(character for character in sentence if character not in _NOT_COMPARED)
    first = "".join(text[position] for position in kept).find(wanted)
    if first < 0 or not wanted:
        return None
    end = kept[first + len(wanted) - 1] + 1
    return kept[first], end + 1 if text[end : end + 1] == "." else end


def _shown(metric: Metric, value: float) -> str:
    return f"{100 * value:.1f} %" if metric.percent else f"{value:.0f}" if value >= _WITHOUT_DECIMALS else f"{value:.2f}"
