from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from store_visits import SAID, fill

from appliance.cli import main
from appliance.errors import StorageError
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def chained(settings: Settings) -> list[str]:
    """A closed store with four entries in its chain, and the encounters they are about."""
    store = EncounterStore.open(settings)
    encounters = [fill(store) for _ in range(3)]
    store.delete(encounters[0])
    store.delete_audio(encounters[1], "retention")
    store.add_audit("backup made", "administrator", detail="a.backup")
    store.delete(encounters[2], "retention")
    store.close()
    return encounters


def change(settings: Settings, *statements: str) -> None:
    database = sqlite3.connect(settings.database)
    with database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0
    database.close()


def test_the_chain_says_what_happened_in_order(settings: Settings, chained: list[str]) -> None:
    store = EncounterStore.open(settings)
    entries = store.audit()
    store.close()
    assert [(e.event, e.actor, e.encounter, e.detail) for e in entries] == [
        ("encounter deleted", "clinician", chained[0], ""),
        ("audio deleted", "retention", chained[1], ""),
        ("backup made", "administrator", "", "a.backup"),
        ("encounter deleted", "retention", chained[2], ""),
    ]
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    printed = CliRunner().invoke(main, ["audit", "--data-dir", str(settings.data_dir)])
    assert printed.exit_code == 0
    assert [line.split()[-1] for line in printed.output.splitlines()] == [chained[0], chained[1], "a.backup", chained[2]]
    assert SAID not in printed.output


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM audit WHERE n = 1"],
        ["DELETE FROM audit WHERE n = 0"],
        ["DELETE FROM audit WHERE n = 1", "UPDATE audit SET n = n - 1 WHERE n > 1"],
        ["UPDATE audit SET n = 9 WHERE n = 1", "UPDATE audit SET n = 1 WHERE n = 2", "UPDATE audit SET n = 2 WHERE n = 9"],
        ["UPDATE audit SET entry = (SELECT entry FROM audit WHERE n = 0) WHERE n = 3"],
        ["UPDATE audit SET entry = zeroblob(100) WHERE n = 2"],
    ],
)
def test_a_chain_that_was_changed_is_not_believed(settings: Settings, chained: list[str], statements: list[str]) -> None:
    assert chained
    change(settings, *statements)
    store = EncounterStore.open(settings)
    with pytest.raises(StorageError, match="chain was changed"):
        store.audit()
    store.close()
    printed = CliRunner().invoke(main, ["audit", "--data-dir", str(settings.data_dir)])
    assert printed.exit_code == StorageError.exit_code


def test_the_chain_is_sealed(settings: Settings, chained: list[str]) -> None:
    on_disk = settings.database.read_bytes()
    assert chained[0].encode() not in on_disk
    assert b"deleted" not in on_disk.replace(b"audio_deleted", b"")
