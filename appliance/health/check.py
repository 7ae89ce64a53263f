"""What a check is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from appliance.errors import ChartsideError
from appliance.settings import Settings

Level = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    check: str
    level: Level
    detail: str
    hint: str = ""
    """What to do, when something is wrong."""
    facts: dict[str, Any] = {}
    """The same for programs, and more of it; only JSON shows it."""


Check = Callable[[Settings], Finding]


def run_checks(checks: dict[str, Check], settings: Settings) -> list[Finding]:
    """Run every check; one that raises has failed with that error."""
    findings = []
    for name, check in checks.items():
        try:
            findings.append(check(settings))
        except ChartsideError as error:
            findings.append(Finding(name, "failed", error.message, error.hint))
    return findings
