"""Scores what several systems wrote for the same visits: every case, means with intervals, each system against one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from appliance.errors import InputError
from training.evaluation.annotations import Findings, find
from training.evaluation.clinical import clinical_scores, unsupported
from training.evaluation.judge import DIMENSIONS, Judge, Judgement
from training.evaluation.metrics import METRICS
from training.evaluation.neural import NeuralMetric, NotRun
from training.evaluation.normal import sentences
from training.evaluation.overlap import rouge
from training.evaluation.spoken import Spoken
from training.evaluation.statistics import SEED, Comparison, Estimate, compare, estimate
from training.visits import Visit, WrittenNote


class Case(msgspec.Struct, frozen=True):
    """What one system wrote for one visit, scored."""

    visit: str
    scores: dict[str, float]
    """By name in `METRICS`; a score for which the note or the visit has nothing is left out."""
    unsupported: tuple[str, ...] = ()
    """Sentences that no stretch of the dialogue supports."""
    findings: Findings | None = None
    """For visits with facts."""
    judgement: Judgement | None = None
    not_judged: str = ""
    """Why a judge that was asked did not give a usable answer."""


class SystemResult(msgspec.Struct, frozen=True):
    """All cases of one system."""

    name: str
    means: dict[str, Estimate]
    against_base: dict[str, Comparison]
    """Over the cases that have the score in both systems; empty for the base."""
    cases: tuple[Case, ...]


class Evaluation(msgspec.Struct, frozen=True):
    """Several systems on the same visits."""

    base: str
    """The system that the others are compared with."""
    visits: tuple[str, ...]
    systems: tuple[SystemResult, ...]
    not_run: dict[str, str]
    """Metrics that were not run, with the reason."""
    judge: str = ""
    """Name of the model that judged; empty if there was none."""
    seed: int = SEED

    def system(self, name: str) -> SystemResult:
        """The system of that name.

        Raises:
            InputError: There is none.
        """
        for system in self.systems:
            if system.name == name:
                return system
        known = ", ".join(system.name for system in self.systems)
        raise InputError(f"There is no system {name!r} in the evaluation.", hint=f"Systems: {known}.")


def evaluate(
    visits: Sequence[Visit],
    systems: Mapping[str, Sequence[WrittenNote]],
    *,
    base: str | None = None,
    neural: Sequence[NeuralMetric | NotRun] = (),
    judge: Judge | None = None,
    seed: int = SEED,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Evaluation:
    """Score every note of every system.

    Args:
        visits: With reference notes; those with facts are also checked against them.
        systems: Notes by system; notes of other visits are ignored.
        base: Name of the system that the others are compared with; None takes the first.
        neural: What `neural_metrics` returned.
        judge: Judges every note too.
        seed: Of the resampling.
        progress: Called with notes done and notes in all.

    Raises:
        InputError: There is no visit or no system, a visit occurs twice, a system lacks a note or has two for a visit, or the
            base is not among the systems.
    """
    aligned = {name: _aligned(name, visits, notes) for name, notes in systems.items()}
    _check(visits, systems, base)
    spoken = [Spoken(visit.turns) for visit in visits]
    total = len(visits) * len(systems)
    results: list[SystemResult] = []
    for name, notes in aligned.items():
        cases = []
        for visit, said, note in zip(visits, spoken, notes, strict=True):
            cases.append(_case(visit, said, note.text, judge))
            progress(len(results) * len(visits) + len(cases), total)
        for metric in neural:
            if not isinstance(metric, NotRun):
                found = metric.scores([visit.note for visit in visits], [note.text for note in notes])
                cases = [
                    msgspec.structs.replace(case, scores={**case.scores, metric.name: score})
                    for case, score in zip(cases, found, strict=True)
                ]
        results.append(SystemResult(name, _means(cases, seed), {}, tuple(cases)))
    first = base or next(iter(systems))
    reference = next(result for result in results if result.name == first)
    return Evaluation(
        first,
        tuple(visit.id for visit in visits),
        tuple(
            result if result is reference else msgspec.structs.replace(result, against_base=_against(result, reference, seed))
            for result in results
        ),
        {metric.name: metric.reason for metric in neural if isinstance(metric, NotRun)}
        | ({} if judge else {"judge": "No judge was given."}),
        judge.name if judge else "",
        seed,
    )


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation), indent=1) + b"\n")


def read_evaluation(path: Path) -> Evaluation:
    """Read an evaluation.

    Raises:
        InputError: The file is missing or is not an evaluation.
    """
    hint = "Give a directory that `chartside-train evaluate` wrote."
    try:
        return msgspec.json.decode(path.read_bytes(), type=Evaluation)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not an evaluation: {error}.", hint=hint) from error


def _aligned(name: str, visits: Sequence[Visit], notes: Sequence[WrittenNote]) -> list[WrittenNote]:
    found: dict[str, WrittenNote] = {}
    wanted = {visit.id for visit in visits}
    for note in notes:
        if note.visit in wanted and note.visit in found:
            raise InputError(f"The system {name!r} has two notes for the visit {note.visit}.", hint="Write the notes again.")
        found[note.visit] = note
    missing = [visit.id for visit in visits if visit.id not in found]
    if missing:
        message = f"The system {name!r} has no note for {len(missing)} of {len(visits)} visits; the first is {missing[0]}."
        raise InputError(message, hint="Write notes for the same visits that are evaluated.")
    return [found[visit.id] for visit in visits]


def _check(visits: Sequence[Visit], systems: Mapping[str, object], base: str | None) -> None:
    if not visits or not systems:
        raise InputError("There is nothing to evaluate.", hint="Give at least one visit and one system with its notes.")
    if len({visit.id for visit in visits}) < len(visits):
        raise InputError("A visit occurs twice among the visits.", hint="Remove the second one.")
    if base is not None and base not in systems:
        raise InputError(f"The base {base!r} is not among the systems.", hint="Systems: " + ", ".join(systems) + ".")


def _case(visit: Visit, spoken: Spoken, note: str, judge: Judge | None) -> Case:
    scores: dict[str, float | None] = {**rouge(visit.note, note), **clinical_scores(note, spoken), "words": len(note.split())}
    findings = find(visit, note, spoken) if visit.facts else None
    if findings:
        scores |= _finding_scores(findings)
    judgement, not_judged = None, ""
    if judge:
        answer = judge.judge(visit, note)
        if isinstance(answer, Judgement):
            judgement = answer
            scores |= {f"judge_{name}": float(getattr(answer, name)) for name in DIMENSIONS}
            scores["judge_major_hallucination"] = float(answer.hallucination == "major")
            scores["judge_major_omission"] = float(answer.omission == "major")
        else:
            not_judged = answer.reason
    return Case(
        visit.id,
        {name: float(score) for name, score in scores.items() if score is not None},
        tuple(text for _, text in sentences(note) if unsupported(text, spoken)),
        findings,
        judgement,
        not_judged,
    )


def _finding_scores(findings: Findings) -> dict[str, float | None]:
    hallucinations = [found.severity for found in findings.hallucinations]
    omissions = [omission.severity for omission in findings.omissions]
    return {
        "major_hallucinations": hallucinations.count("major"),
        "minor_hallucinations": hallucinations.count("minor"),
        "major_omissions": omissions.count("major"),
        "minor_omissions": omissions.count("minor"),
        "notes_with_major_hallucination": "major" in hallucinations,
        "notes_with_major_omission": "major" in omissions,
        "safety_recall": findings.safety_recall,
        "degenerate": findings.degenerate,
        **{f"recall_{kind}": share for kind, share in findings.recall.items()},
    }


def _means(cases: Sequence[Case], seed: int) -> dict[str, Estimate]:
    found = {}
    for metric in METRICS:
        values = [case.scores[metric] for case in cases if metric in case.scores]
        if values:
            found[metric] = estimate(values, seed=seed)
    return found


def _against(result: SystemResult, base: SystemResult, seed: int) -> dict[str, Comparison]:
    found = {}
    for metric in METRICS:
        pairs = [
            (case.scores[metric], other.scores[metric])
            for case, other in zip(result.cases, base.cases, strict=True)
            if metric in case.scores and metric in other.scores
        ]
        if pairs:
            found[metric] = compare([ours for ours, _ in pairs], [theirs for _, theirs in pairs], seed=seed)
    return found
