"""What is deleted when: audio some days after the signature, whole encounters later, and nothing that is not signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.errors import ChartsideError, NotFoundError
from appliance.settings import Settings
from appliance.store.audit import Actor
from appliance.store.encounters import EncounterStore
from appliance.store.records import Encounter

_DAY: Final = 86_400
Delete = Callable[[str, Actor], None]
"""Deletes an encounter, or its audio."""


class RetentionReport(msgspec.Struct, frozen=True):
    """What was deleted, or would be. Encounters are named by their ids."""

    dry_run: bool
    encounters: tuple[str, ...] = ()
    """Deleted with everything."""
    audio: tuple[str, ...] = ()
    """Whose audio was deleted."""
    unsigned: tuple[str, ...] = ()
    """Over their time, but not signed: kept until somebody signs or deletes them."""
    failed: tuple[str, ...] = ()
    """Could not be read or deleted; kept."""


@dataclass(frozen=True)
class Retention:
    """The rules of this box, and how they are carried out.

    Args:
        settings: `keep_audio_days` and `keep_days`.
        store: The encounters.
        delete: Deletes an encounter, as the page does.
        delete_audio: Deletes the audio of an encounter.
    """

    settings: Settings
    store: EncounterStore
    delete: Delete
    delete_audio: Delete

    def run(self, now: float, *, dry_run: bool) -> RetentionReport:
        """Delete what is over its time. Interrupted at any point, the next run does the rest.

        Args:
            now: Seconds since 1970-01-01 UTC, by a clock that can be believed.
            dry_run: Only say what would be deleted.
        """
        found: dict[str, list[str]] = {"encounters": [], "audio": [], "unsigned": [], "failed": []}
        for encounter in self.store.all():
            try:
                fate = self._fate(encounter, now)
                if fate in {"encounters", "audio"} and not dry_run:
                    (self.delete if fate == "encounters" else self.delete_audio)(encounter.id, "retention")
            except NotFoundError:  # somebody was faster
                continue
            except ChartsideError:
                fate = "failed"
            if fate:
                found[fate].append(encounter.id)
        return RetentionReport(dry_run, **{name: tuple(ids) for name, ids in found.items()})

    def _fate(self, encounter: Encounter, now: float) -> str:
        """Which list of the report the encounter belongs to; empty for none."""
        signature = self.store.signature(encounter.id) if encounter.state == "signed" else None
        age = now - (signature.created if signature else encounter.created)
        whole = _over(age, self.settings.keep_days)
        audio = _over(age, self.settings.keep_audio_days) and self.store.journal_path(encounter.id).exists()
        if signature is None:
            return "unsigned" if whole or audio else ""
        return "encounters" if whole else "audio" if audio else ""


def _over(age: float, days: int) -> bool:
    return days > 0 and age > days * _DAY
