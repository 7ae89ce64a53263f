from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from store_visits import SAID, contents, fill

from appliance.cli import main
from appliance.errors import NotFoundError, StorageError
from appliance.settings import Settings
from appliance.store import schema
from appliance.store.encounters import EncounterStore
from appliance.store.renewal import SEALED
from appliance.store.retention import Retention, RetentionReport

DAY = 86_400.0
NOW = time.time()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", keep_audio_days=30, keep_days=365)


@pytest.fixture
def store(settings: Settings) -> Iterator[EncounterStore]:
    store = EncounterStore.open(settings)
    yield store
    store.close()


def retain(store: EncounterStore, settings: Settings, now: float = NOW, *, dry_run: bool = False) -> RetentionReport:
    return Retention(settings, store, store.delete, store.delete_audio).run(now, dry_run=dry_run)


def command(settings: Settings, *arguments: str) -> Any:
    keep = {"CHARTSIDE_KEEP_AUDIO_DAYS": str(settings.keep_audio_days), "CHARTSIDE_KEEP_DAYS": str(settings.keep_days)}
    return CliRunner().invoke(main, ["retention", "run", "--data-dir", str(settings.data_dir), *arguments], env=keep)


def on_disk(settings: Settings) -> bytes:
    return b"".join(path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file())


def ago(days: float) -> float:
    return NOW - days * DAY


def test_audio_goes_first_then_the_encounter(store: EncounterStore, settings: Settings) -> None:
    fresh, silent, old = (fill(store, signed=ago(days)) for days in (29.9, 30.1, 365.1))
    before = {encounter: contents(store, encounter) for encounter in (fresh, silent)}
    report = retain(store, settings)
    assert report == RetentionReport(dry_run=False, encounters=(old,), audio=(silent,))
    assert {encounter: contents(store, encounter) for encounter in (fresh, silent)} == before
    assert [path.stem for path in settings.journal_dir.iterdir()] == [fresh]
    with pytest.raises(NotFoundError, match="recording was deleted"):
        store.journal(silent)
    with pytest.raises(NotFoundError):
        store.get(old)
    assert retain(store, settings) == RetentionReport(dry_run=False)
    assert [(e.event, e.actor, e.encounter) for e in store.audit()] == [
        ("encounter deleted", "retention", old),
        ("audio deleted", "retention", silent),
    ]


def test_what_is_not_signed_is_only_listed(store: EncounterStore, settings: Settings) -> None:
    encounter = fill(store, signed=None)
    before = contents(store, encounter)
    later = NOW + 400 * DAY
    assert retain(store, settings, later) == RetentionReport(dry_run=False, unsigned=(encounter,))
    assert contents(store, encounter) == before
    assert store.journal_path(encounter).exists()


def test_zero_keeps(store: EncounterStore, settings: Settings) -> None:
    encounter = fill(store, signed=ago(5_000))
    kept = Settings(data_dir=settings.data_dir, keep_audio_days=0, keep_days=0)
    assert retain(store, kept) == RetentionReport(dry_run=False)
    assert store.journal_path(encounter).exists()


def test_a_dry_run_changes_nothing(store: EncounterStore, settings: Settings) -> None:
    silent, old = fill(store, signed=ago(31)), fill(store, signed=ago(366))
    store.close()
    before = on_disk(settings)
    printed = command(settings, "--dry-run", "--json")
    assert printed.exit_code == 0, printed.output
    assert msgspec.json.decode(printed.output, type=RetentionReport) == RetentionReport(
        dry_run=True, encounters=(old,), audio=(silent,)
    )
    assert on_disk(settings) == before


def test_the_command_reports_counts_and_no_text(store: EncounterStore, settings: Settings) -> None:
    fill(store, signed=ago(31))
    fill(store, signed=ago(366))
    store.close()
    printed = command(settings)
    assert printed.exit_code == 0, printed.output
    assert printed.output == "Encounters deleted: 1. Audio deleted: 1.\n"
    assert SAID not in printed.output


def test_a_clock_that_is_not_believed_deletes_nothing(
    store: EncounterStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, signed=ago(366))
    store.close()
    before = on_disk(settings)
    for wrong in (0.0, NOW + 20 * 365 * DAY):
        monkeypatch.setattr("appliance.connect.clock._system", lambda wrong=wrong: _at(wrong))
        printed = command(settings)
        assert printed.exit_code == 5
        assert "Nothing was deleted." in printed.output
    assert on_disk(settings) == before


def _at(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


def test_one_that_does_not_open_stops_nothing(store: EncounterStore, settings: Settings) -> None:
    broken, silent = fill(store, signed=ago(31)), fill(store, signed=ago(31))
    store.close()
    with sqlite3.connect(settings.database) as database:
        number = "SELECT number FROM encounter WHERE id = ?"
        database.execute(f"UPDATE turn SET turn = zeroblob(99) WHERE n = 0 AND number = ({number})", (broken,))  # noqa: S608
    database.close()
    printed = command(settings)
    assert printed.exit_code == 2
    assert broken in printed.output
    store = EncounterStore.open(settings)
    # Nothing of it was changed: what opens does, and the audio is there.
    assert store.get(broken).title == SAID
    store.journal(broken).close()
    assert store.get(silent).audio_deleted is not None
    store.close()


def test_deleted_audio_cannot_be_read_again_with_a_copy_of_the_file(store: EncounterStore, settings: Settings) -> None:
    encounter = fill(store, signed=ago(31))
    copied = store.journal_path(encounter).read_bytes()
    retain(store, settings)
    store.close()
    # Whoever has the old file, the disk as it is now and the box key: the key that opened it is nowhere.
    with sqlite3.connect(settings.database) as database:
        database.execute("UPDATE encounter SET audio_deleted = NULL")
    database.close()
    settings.journal_dir.joinpath(f"{encounter}.journal").write_bytes(copied)
    store = EncounterStore.open(settings)
    journal = store.journal(encounter)
    with pytest.raises((StorageError, NotFoundError)):
        journal.read(0)
    journal.close()
    store.close()


def test_a_new_key_reaches_every_sealed_column(store: EncounterStore, settings: Settings) -> None:
    store.close()
    database = sqlite3.connect(settings.database)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    sealed = {}
    for table in tables:
        columns = {name: kind for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})")}
        blobs = {name for name, kind in columns.items() if kind == "BLOB"}
        # What belongs to the box is sealed with another key.
        if blobs and "number" in columns and table not in {"room", "device", "encounter_key"}:
            sealed[table] = blobs
    database.close()
    assert sealed == {table: set(columns) for table, columns in SEALED.items()}, schema.VERSION


# kill -9


def killed(function: Callable[[], None], after: float | None = None) -> bool:
    """Run in a child; whether it was killed, by itself or after some seconds."""
    child = os.fork()
    if child == 0:
        try:
            function()
        finally:
            os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_at(point: str, settings: Settings) -> Callable[[], None]:
    def run() -> None:
        def look(statement: str) -> None:
            if point in statement:
                os.kill(os.getpid(), signal.SIGKILL)

        store = EncounterStore.open(settings)
        store._db.set_trace_callback(look)
        retain(store, settings)

    return run


@pytest.mark.parametrize(
    "point",
    [
        "UPDATE turn",
        "UPDATE encounter_key",
        "UPDATE encounter SET audio_deleted",
        "INSERT INTO audit",
        "COMMIT",
        "wal_checkpoint",
        "DELETE FROM encounter",
    ],
)
def test_a_kill_leaves_each_encounter_whole_or_gone(settings: Settings, point: str) -> None:
    store = EncounterStore.open(settings)
    silent, old, fresh = (fill(store, signed=ago(days)) for days in (31, 366, 1))
    before = {encounter: contents(store, encounter) for encounter in (silent, fresh)}
    store.close()
    assert killed(kill_at(point, settings))
    store = EncounterStore.open(settings)
    assert contents(store, silent) == before[silent]
    if store.get(silent).audio_deleted is None:
        journal = store.journal(silent)
        assert journal.read(0)
        journal.close()
    else:
        assert not store.journal_path(silent).exists()
    retain(store, settings)
    _assert_done(store, settings, {silent}, {old}, before)
    store.close()


def test_kills_at_random_moments(settings: Settings) -> None:
    randomness = random.Random(3)
    store = EncounterStore.open(settings)
    groups = {days: [fill(store, signed=ago(days)) for _ in range(25)] for days in (1, 31, 366)}
    before = {encounter: contents(store, encounter) for days in (1, 31) for encounter in groups[days]}
    store.close()

    def run() -> None:
        store = EncounterStore.open(settings)
        retain(store, settings)
        store.close()

    kills = 0
    for _ in range(40):
        kills += killed(run, after=randomness.uniform(0.0, 0.25))
        store = EncounterStore.open(settings)
        for encounter in store.all():
            if encounter.id in before:
                assert contents(store, encounter.id) == before[encounter.id]
        store.close()
    assert kills
    store = EncounterStore.open(settings)
    retain(store, settings)
    _assert_done(store, settings, set(groups[31]), set(groups[366]), before)
    store.close()


def _assert_done(
    store: EncounterStore, settings: Settings, silent: set[str], old: set[str], before: dict[str, tuple[Any, ...]]
) -> None:
    assert {encounter.id for encounter in store.all()} == before.keys()
    assert {e.id for e in store.all() if e.audio_deleted is not None} == silent
    assert {path.stem for path in settings.journal_dir.iterdir()} == before.keys() - silent
    assert {encounter: contents(store, encounter) for encounter in before} == before
    # Each deletion stands in the chain exactly once, however often it was interrupted.
    chain = [(entry.event, entry.encounter) for entry in store.audit()]
    assert sorted(chain) == sorted([("audio deleted", e) for e in silent] + [("encounter deleted", e) for e in old])
