"""The measurement of trust as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from training.evaluation.share import Share, together
from training.evaluation.trust import Checked, Trust

_SETS = {"synthetic": "synthetic visits", "aci": "ACI-Bench"}


def table(trust: Trust) -> Table:
    """The measurement as a table."""
    shown = Table(title="Trust in notes, and in their check")
    for column in ("", "found", "of", "share", "true sentences flagged"):
        shown.add_column(column, justify="left" if not column else "right")
    for name, share, more in (*_statements(trust), *_checked(trust.checked), *_natural(trust)):
        shown.add_row(name, str(share.found), str(share.of), f"{share.value:.1%}", more)
    shown.caption = "\n".join(_remarks(trust))
    return shown


def _statements(trust: Trust) -> Iterator[tuple[str, Share, str]]:
    for way, sets in (("on", trust.grounded), ("off", trust.free)):
        for name, found in sets.items():
            title = f"unsaid, {_SETS.get(name, name)}, grounding {way}"
            yield f"{title}: numbers", found.numbers, f"{found.notes} notes"
            yield f"{title}: doses", found.doses, ""
            yield f"{title}: drugs", found.drugs, ""


def _checked(checked: Checked) -> Iterator[tuple[str, Share, str]]:
    for kind, share in checked.planted.items():
        spared = checked.spared.get(kind)
        yield f"planted: {kind.replace('_', ' ')}", share, f"{spared.found} of {spared.of}" if spared else ""
    planted = together(checked.planted.values())
    yield "planted: all", planted, ""
    yield "precision of flags, plants and true sentences", Share(planted.found, planted.found + checked.false_flags.found), ""
    yield "flags on true sentences", checked.false_flags, ""
    yield "evidence: precision", checked.evidence_precision, ""
    yield "evidence: recall", checked.evidence_recall, ""
    for kind, share in checked.omitted.items():
        yield f"taken out: {kind.replace('_', ' ')}", share, ""


def _natural(trust: Trust) -> Iterator[tuple[str, Share, str]]:
    if trust.natural:
        for kind, share in trust.natural.found.items():
            yield f"natural errors: {kind}", share, ""
        yield "natural errors: all", together(trust.natural.found.values()), f"{trust.natural.notes} notes"
        yield "natural errors: flags that are right", trust.natural.precision, ""


def _remarks(trust: Trust) -> Iterator[str]:
    yield f"{trust.checked.listed:.2f} omissions listed per complete note"
    yield f"{trust.checked.seconds:.2f} s for the check of a visit of 15 minutes"
    if trust.grounding:
        yield f"grounding takes {trust.grounding.share:.1%} of the decode loop"
    yield from (f"not run: {remark}" for remark in trust.not_run)
