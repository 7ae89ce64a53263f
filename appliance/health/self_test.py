"""How the last self-test went: the last run of `chartside doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.health.check import Finding
from appliance.runtime.files import remember
from appliance.settings import Settings

_HINT = "Run `chartside doctor`."


class SelfTest(msgspec.Struct, frozen=True):
    """A finished run of all checks."""

    at: datetime
    checks: int
    failed: tuple[str, ...]
    """Names of the checks that failed."""


def record_self_test(settings: Settings, findings: Sequence[Finding]) -> None:
    """Keep how a run went; without a place to write it, the next one says that there was none."""
    failed = tuple(finding.check for finding in findings if finding.level == "failed")
    remember(_path(settings), msgspec.json.encode(SelfTest(datetime.now(UTC), len(findings), failed)))


def check_self_test(settings: Settings) -> Finding:
    """The last run that was recorded."""
    try:
        last = msgspec.json.decode(_path(settings).read_bytes(), type=SelfTest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Finding("self-test", "ok", "none yet")
    when = f"{last.at:%Y-%m-%d %H:%M} UTC"
    facts = msgspec.to_builtins(last)
    if last.failed:
        return Finding("self-test", "warning", f"{when}: failed in {', '.join(last.failed)}", _HINT, facts)
    return Finding("self-test", "ok", f"{when}: {last.checks} checks, none failed", facts=facts)


def _path(settings: Settings) -> Path:
    return settings.data_dir / "self-test.json"
