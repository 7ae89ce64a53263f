"""A store that version 1 of the tables wrote, `version_1.sql`, becomes one of the present version without losing anything."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from store_child import run_in_child

from appliance.settings import Settings
from appliance.store import schema
from appliance.store.encounters import EncounterStore
from appliance.store.records import Label, NoteRecord, Problem
from appliance.transcript import Gap, Turn, Word

OLD = Path(__file__).with_name("version_1.sql").read_text()
TURNS = [
    Turn("I take listen opera.", 0.0, 0.9, (Word("I", 0.0, 0.5, 0.5),)),
    Turn("How often?", 1.0, 1.9, (Word("How", 1.0, 1.5, 0.5),)),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    found = re.search(r"Box key: ([0-9a-f]{64})", OLD)
    assert found
    settings.box_key.parent.mkdir(exist_ok=True)
    settings.box_key.touch(mode=0o600)
    settings.box_key.write_bytes(bytes.fromhex(found[1]))
    settings.database.parent.mkdir(exist_ok=True)
    database = sqlite3.connect(settings.database)
    database.executescript(OLD)
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    database.close()
    return settings


def assert_whole(settings: Settings) -> None:
    store = EncounterStore.open(settings)
    live, draft = store.all()
    assert (live.title, live.template, live.state, live.section) == ("Under way", "soap", "recording", None)
    assert (draft.title, draft.template, draft.state, draft.section) == ("A visit of version 1", "aci", "draft", None)
    assert (draft.chunks, draft.committed, draft.duration) == (12, 96_000, 6.0)
    assert draft.problem == Problem("title", "detail", "hint")
    assert draft.created < draft.updated
    assert store.turns(draft.id) == TURNS
    assert store.labels(draft.id) == [Label("unknown")] * 2
    assert store.voices(draft.id) == [b"", b""]
    assert store.gaps(draft.id) == [Gap(5.0, 5.5)]
    assert [_text(store, draft.id, version) for version in (1, 2)] == ["Rest.", "Run."]
    assert [_without_time(record) for record in store.versions(draft.id)] == [(1, "model"), (2, "clinician")]
    assert store.check(draft.id, 2) is None
    assert (store.proposals(draft.id), store.dismissals(draft.id), store.addenda(draft.id)) == ([], [], [])
    assert store.signature(draft.id) is None
    store.close()


def _text(store: EncounterStore, encounter: str, version: int) -> str:
    _, note = store.note(encounter, version)
    assert note
    return note.sections[0].text


def _without_time(record: NoteRecord) -> tuple[int, str]:
    return record.version, record.author


def test_a_store_of_version_1_loses_nothing(settings: Settings) -> None:
    assert_whole(settings)
    with sqlite3.connect(settings.database) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    assert_whole(settings)


def test_a_migrated_store_has_the_tables_of_a_new_one(settings: Settings, tmp_path: Path) -> None:
    new = Settings(data_dir=tmp_path / "new")

    def tables(settings: Settings) -> list[Any]:
        EncounterStore.open(settings).close()
        with sqlite3.connect(settings.database) as database:
            found = database.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        database.close()
        return found

    assert tables(settings) == tables(new)


def test_what_was_migrated_goes_on_and_can_be_deleted(settings: Settings) -> None:
    store = EncounterStore.open(settings)
    live, draft = (encounter.id for encounter in store.all())
    assert store.add_turn(live, Turn("More."), 32_000, voice=b"{}") == 1
    store.set_labels(draft, {1: Label("unknown", chosen="clinician")})
    assert store.labels(draft)[1].chosen == "clinician"
    store.update(draft, state="signed")
    store.delete(draft)
    assert [encounter.id for encounter in store.all()] == [live]
    store.close()
    with sqlite3.connect(settings.database) as database:
        for table in ("encounter", "encounter_key", "turn", "note", "gap", "entry"):
            count = f"SELECT count(*) FROM {table}"  # noqa: S608
            expected = {"encounter": 1, "encounter_key": 1, "turn": 2}.get(table, 0)
            assert database.execute(count).fetchone() == (expected,), table
    database.close()


@pytest.mark.parametrize(
    "point", ["INSERT INTO encounter_2", "DROP TABLE", "RENAME TO", "ADD COLUMN label", "user_version =", "COMMIT"]
)
def test_a_migration_that_was_killed_is_done_by_the_next_start(settings: Settings, point: str) -> None:
    def die_on_the_way() -> None:
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(lambda statement: os._exit(0) if point in statement else None)
            return connection

        sqlite3.connect = watched  # type: ignore[assignment]
        EncounterStore.open(settings)
        raise AssertionError

    run_in_child(die_on_the_way)
    with sqlite3.connect(settings.database) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
    database.close()
    assert_whole(settings)
