"""All findings as one document: what `chartside doctor --json` prints and the status page shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from appliance import __version__
from appliance.health.check import Finding, Level, run_checks
from appliance.health.checks import CHECKS
from appliance.settings import Settings

_WORST_FIRST: Final[tuple[Level, ...]] = ("failed", "warning", "ok")


def report(settings: Settings) -> dict[str, Any]:
    """Run every check.

    Takes as long as reading the bundle once; callers that are asked often keep the answer for a while.
    """
    return document(run_checks(CHECKS, settings))


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings with the version and the worst level among them."""
    levels = {finding.level for finding in findings}
    worst = next((level for level in _WORST_FIRST if level in levels), "ok")
    return {"version": __version__, "level": worst, "checks": msgspec.to_builtins(list(findings))}
