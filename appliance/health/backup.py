"""Whether there is a recent backup, where backups are wanted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from appliance.health.check import Finding
from appliance.settings import Settings

_LONGEST_DAYS: Final = 3
"""Nights without the stick before somebody is told."""


def check_backup(settings: Settings) -> Finding:
    """The last backup that reached its place."""
    if not settings.backup_to:
        return Finding("backup", "ok", "no place for backups is set")
    if not settings.recovery_key.exists():
        hint = "Run `chartside backup passphrase`."
        return Finding("backup", "warning", "there is no recovery passphrase, so no backup can be made", hint)
    try:
        made = settings.last_backup.stat().st_mtime
    except FileNotFoundError:
        return Finding("backup", "warning", "no backup was made yet", "Plug in the stick, or run `chartside backup create`.")
    detail = f"the last backup is of {datetime.fromtimestamp(made, UTC):%Y-%m-%d %H:%M} UTC"
    if time.time() - made > _LONGEST_DAYS * 86_400:
        return Finding("backup", "warning", detail, "Plug in the stick, or run `chartside backup create`.")
    return Finding("backup", "ok", detail)
