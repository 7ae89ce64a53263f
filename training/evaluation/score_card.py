"""The score card of a note model: a few figures per data set and system, small enough to be committed with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from rich.table import Table

from appliance.errors import InputError
from training.evaluation.metrics import METRICS
from training.evaluation.statistics import Comparison, Estimate

if TYPE_CHECKING:  # `score` has to run without what scoring needs
    from training.evaluation.evaluate import Evaluation

ACI: Final = "aci_test1"
"""ACI-Bench `test1`, 40 visits, official references."""
SYNTHETIC: Final = "synthetic_test"
"""100 synthetic visits that share no case with the training visits."""
TUNED: Final = "tuned"
BASE: Final = "base, zero-shot"
SYSTEMS: Final = (
    TUNED,
    "tuned on synthetic visits only",
    BASE,
    "another patient, nearest",
    "another patient, random",
    "lead of the dialogue",
    "whole dialogue",
)
"""The systems of a card in the order in which they are shown; a card may have others, which follow."""
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    ACI: ("rouge1", "rouge2", "rougeLsum", "unsupported_rate"),
    SYNTHETIC: ("rouge1", "major_hallucinations", "major_omissions", "safety_recall"),
}
_DEFAULT_COLUMNS: Final = ("rouge1", "rouge2", "rougeLsum", "unsupported_rate")
_FORMAT: Final = 1


class DatasetScores(msgspec.Struct, frozen=True):
    """Every system on one data set."""

    n: int
    """Visits."""
    means: dict[str, dict[str, Estimate]]
    """By system and metric."""
    against_base: dict[str, dict[str, Comparison]]
    """By system and metric; the base itself is left out."""
    not_run: dict[str, str] = {}
    """Metrics that were not run, with the reason."""


class ScoreCard(msgspec.Struct, frozen=True):
    """`score_card.json`."""

    model: str
    """Base and adapter that were evaluated."""
    tuned: str
    """Name of the system that ships."""
    base: str
    """Name of the system that the others are compared with."""
    datasets: dict[str, DatasetScores]
    remarks: tuple[str, ...] = ()
    """What a reader must know, such as where a target was missed and why."""
    format: int = _FORMAT


def score_card(
    evaluations: Mapping[str, Evaluation], *, model: str, tuned: str = TUNED, base: str = BASE, remarks: Sequence[str] = ()
) -> ScoreCard:
    """The card of several evaluations.

    Args:
        evaluations: By data set, such as `ACI` and `SYNTHETIC`.
        model: Base and adapter that were evaluated.
        tuned: Name of the system that ships.
        base: Name of the system that the others are compared with.
        remarks: What a reader must know.

    Raises:
        InputError: An evaluation lacks one of the two systems, or compares with another base.
    """
    for name, evaluation in evaluations.items():
        evaluation.system(tuned)
        evaluation.system(base)
        if evaluation.base != base:
            message = f"The evaluation of {name} compares with {evaluation.base!r}, not with {base!r}."
            raise InputError(message, hint="Evaluate again with that base.")
    datasets = {
        name: DatasetScores(
            len(evaluation.visits),
            {system.name: system.means for system in evaluation.systems},
            {system.name: system.against_base for system in evaluation.systems if system.name != base},
            evaluation.not_run,
        )
        for name, evaluation in evaluations.items()
    }
    return ScoreCard(model, tuned, base, datasets, tuple(remarks))


def write_score_card(card: ScoreCard, path: Path) -> None:
    """Write a card as indented JSON, rounded to four digits."""
    rounded = _rounded(msgspec.to_builtins(card))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rounded), indent=1) + b"\n")


def read_score_card(path: Path) -> ScoreCard:
    """Read a card.

    Raises:
        InputError: The file is missing or is not a card that this version reads.
    """
    hint = "Make it again with `chartside-train evaluate`."
    try:
        card = msgspec.json.decode(path.read_bytes(), type=ScoreCard)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not a score card: {error}.", hint=hint) from error
    if card.format != _FORMAT:
        raise InputError(f"{path.name} has format {card.format}; this version reads format {_FORMAT}.", hint=hint)
    return card


def table(card: ScoreCard) -> Table:
    """The card as a table: means with 95 % intervals, and a star where p < 0.05 against the base."""
    shown = Table(
        title=card.model, caption="Mean [95 % interval] · * p < 0.05 against the base, paired · ↑ more is better, ↓ less"
    )
    shown.add_column("System")
    columns = [(name, metric) for name in card.datasets for metric in _COLUMNS.get(name, _DEFAULT_COLUMNS)]
    for name, metric in columns:
        arrow = "↑" if METRICS[metric].higher_is_better else "↓"
        shown.add_column(f"{name} (n={card.datasets[name].n})\n{METRICS[metric].title} {arrow}", justify="right")
    for system in _systems(card):
        cells = [_cell(card.datasets[name], system, metric) for name, metric in columns]
        shown.add_row(system, *cells, style="bold" if system == card.tuned else "")
    return shown


def last_line(card: ScoreCard) -> str:
    """The card in one line; the figures about synthetic visits are changes of the mean count per note, relative to the base.

    Raises:
        InputError: The card lacks one of the two data sets.
    """
    for name in (ACI, SYNTHETIC):
        if name not in card.datasets:
            raise InputError(f"The score card has no scores on {name}.", hint="Evaluate on it too.")
    aci, synthetic = card.datasets[ACI], card.datasets[SYNTHETIC]
    tuned, base = (aci.means[system]["rouge1"].mean for system in (card.tuned, card.base))
    return (
        f"score: aci_test1_r1={tuned:.2f} base_r1={base:.2f} "
        f"synth_major_halluc={_change(card, synthetic, 'major_hallucinations')} "
        f"synth_major_omit={_change(card, synthetic, 'major_omissions')} n={aci.n}+{synthetic.n}"
    )


def _change(card: ScoreCard, scores: DatasetScores, metric: str) -> str:
    tuned, base = (scores.means[system][metric].mean for system in (card.tuned, card.base))
    return f"{tuned / base - 1:+.2f}" if base else "n/a"


def _systems(card: ScoreCard) -> list[str]:
    found = list(dict.fromkeys(system for scores in card.datasets.values() for system in scores.means))
    return sorted(found, key=lambda system: SYSTEMS.index(system) if system in SYSTEMS else len(SYSTEMS))


def _cell(scores: DatasetScores, system: str, metric: str) -> str:
    found = scores.means.get(system, {}).get(metric)
    if found is None:
        return "–"  # noqa: RUF001  # a dash for "not scored"
    comparison = scores.against_base.get(system, {}).get(metric)
    star = "*" if comparison and comparison.p < 0.05 else ""  # noqa: PLR2004  # the usual level, as the caption says
    return f"{found.mean:.3f}{star} \\[{found.low:.3f}, {found.high:.3f}]"


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
