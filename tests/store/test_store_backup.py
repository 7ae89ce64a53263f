from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from store_backup import PASSPHRASE, Box, filled
from store_visits import SAID, contents, fill, turn

from appliance.audio import CHUNK_BYTES
from appliance.backup import places
from appliance.backup.contents import sealing
from appliance.backup.recovery import make_passphrase
from appliance.errors import ChartsideError, ConflictError, InputError
from appliance.settings import Settings
from appliance.store import schema
from appliance.store.encounters import EncounterStore


def everything(settings: Settings) -> tuple[Any, ...]:
    store = EncounterStore.open(settings)
    found = {encounter.id: contents(store, encounter.id) for encounter in store.all()}
    entries = [entry for entry in store.audit() if not entry.event.startswith("backup")]
    store.close()
    return found, entries


def test_an_empty_box_becomes_the_same(box: Box, empty: Box) -> None:
    unsigned, *signed = filled(box)
    backup = box.backup(audio="all")
    assert SAID.encode() not in backup.read_bytes()
    assert box.verify(backup).output.startswith("The backup is whole: 3 encounters, 3 recordings, of ")
    # The kiosk of the new box has run already, so there are a store and keys without an encounter.
    EncounterStore.open(empty.settings).close()
    restored = empty.restore(backup)
    assert restored.exit_code == 0, restored.output
    assert everything(empty.settings) == everything(box.settings)
    for name in ("box.key", "recovery.json", "connect/chartside/authority.key"):
        assert (empty.settings.data_dir / name).read_bytes() == (box.settings.data_dir / name).read_bytes()
    for encounter in (unsigned, *signed):
        journal = f"journal/{encounter}.journal"
        assert (empty.settings.data_dir / journal).read_bytes() == (box.settings.data_dir / journal).read_bytes()
    store = EncounterStore.open(empty.settings)
    assert [e.audio_deleted for e in store.all()] == [None] * 3
    assert [(e.event, e.detail) for e in store.audit()][-1] == ("backup restored", backup.name)
    # The tablets' keys are known, and what is made from now on can be backed up with the same passphrase.
    store.close()
    assert {path.stat().st_mode & 0o077 for path in empty.settings.data_dir.rglob("*")} == {0}
    assert {path.name for path in empty.settings.data_dir.iterdir()} == {
        "box.key", "connect", "encounters.sqlite", "journal", "recovery.json",
    }  # fmt: skip
    assert empty.verify(empty.backup()).exit_code == 0


@pytest.mark.parametrize(("audio", "expected"), [("unsigned", 1), ("none", 0)])
def test_audio_that_was_left_out_is_not_missed_silently(box: Box, empty: Box, audio: str, expected: int) -> None:
    unsigned, *signed = filled(box)
    assert empty.restore(box.backup(audio=audio)).exit_code == 0
    store = EncounterStore.open(empty.settings)
    assert len(list(empty.settings.journal_dir.iterdir())) == expected
    assert [store.get(e).audio_deleted is not None for e in signed] == [True, True]
    assert store.get(unsigned).audio_deleted is None
    store.close()
    assert everything(empty.settings) == everything(box.settings)


def test_a_backup_is_in_the_chain_of_the_box(box: Box) -> None:
    filled(box)
    made = box.backup()
    store = EncounterStore.open(box.settings)
    assert [(e.event, e.detail) for e in store.audit()][-1] == ("backup made", made.name)
    store.close()
    assert box.settings.last_backup.read_text() == made.name


def test_the_oldest_backups_of_this_box_go(box: Box, empty: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    EncounterStore.open(empty.settings).close()
    empty.set_passphrase()
    empty.stick = box.stick
    (box.stick / "holiday.jpg").touch()
    other = empty.backup()
    made: list[Path] = []
    for second in range(5):
        monkeypatch.setattr("appliance.backup.contents.time.time", lambda second=second: 1_800_000_000.0 + second)
        if second < 3:
            made.append(box.backup("--backup-keep", 3))
        else:
            assert "was removed." in box.create("--backup-keep", 3).output
    assert sorted(path.name for path in box.stick.iterdir()) == sorted(
        ["holiday.jpg", other.name, *(made[0].name[:-9] + f"{n}Z.backup" for n in (2, 3, 4))]
    )


def test_a_box_makes_a_passphrase_and_shows_it_once(box: Box) -> None:
    filled(box)
    shown = box.command("passphrase", "--data-dir", box.settings.data_dir)
    words = shown.stdout.strip()
    assert len(words.split()) == 8
    assert words not in (box.settings.data_dir / "recovery.json").read_text()
    backup = box.backup()
    assert box.verify(backup).exit_code == 2
    typed = box.command("verify", backup, input=f"  {words.replace(' ', '   ')} \n")
    assert typed.exit_code == 0, typed.output
    assert make_passphrase() != make_passphrase()


@pytest.mark.parametrize("words", ["too short", "", "a               b"])
def test_a_short_passphrase_is_refused(box: Box, words: str) -> None:
    box.words.write_text(words)
    refused = box.command("passphrase", "--data-dir", box.settings.data_dir, "--passphrase-file", box.words)
    assert refused.exit_code == 2
    assert "16 characters" in refused.output


def test_another_passphrase_opens_nothing(box: Box, empty: Box) -> None:
    filled(box)
    backup = box.backup()
    empty.words.write_text(PASSPHRASE.title())
    refused = empty.restore(backup)
    assert refused.exit_code == 2
    assert "passphrase is not the one" in refused.output
    assert not empty.settings.database.exists()


def test_what_the_box_keeps_opens_no_backup(box: Box) -> None:
    filled(box)
    backup = box.backup()
    from appliance.backup.recovery import RecoveryKey
    from appliance.backup.sealing import Unsealed

    key = RecoveryKey.load(box.settings.recovery_key)
    for guess in (key.public, key.secret, key.salt):
        with backup.open("rb") as file, pytest.raises(InputError):
            Unsealed(file, guess.hex())


def test_nothing_is_lost_by_a_restoration(box: Box, empty: Box) -> None:
    filled(box)
    backup = box.backup()
    filled(empty, 1)
    before = everything(empty.settings)
    refused = empty.restore(backup)
    assert refused.exit_code == ConflictError.exit_code
    assert "has 1 encounters" in refused.output
    assert everything(empty.settings) == before


def test_a_running_kiosk_is_not_replaced(box: Box, empty: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    backup = box.backup()
    running = EncounterStore.open(empty.settings)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.1}))
    refused = empty.restore(backup)
    running.close()
    assert refused.exit_code == ConflictError.exit_code
    assert "Another process" in refused.output


def test_a_later_store_is_refused(box: Box, empty: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    backup = box.backup()
    monkeypatch.undo()
    refused = empty.restore(backup)
    assert refused.exit_code == 2
    assert f"version {schema.VERSION + 1}" in refused.output
    assert not empty.settings.database.exists()


def test_a_credential_of_another_box_is_not_overruled(
    box: Box, empty: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    filled(box)
    backup = box.backup()
    (tmp_path / "chartside.box_key").write_bytes(bytes(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    refused = empty.restore(backup)
    assert refused.exit_code == ConflictError.exit_code
    assert "systemd" in refused.output


# While others write, and kill -9.


def test_a_backup_is_of_one_moment_while_others_write(box: Box, empty: Box) -> None:
    filled(box)
    store = EncounterStore.open(box.settings)
    encounter = store.create("aci", "").id
    journal = store.journal(encounter)
    stop = threading.Event()
    count = 0

    def write() -> None:
        nonlocal count
        while not stop.is_set():
            journal.append(count, bytes([count % 256]) * CHUNK_BYTES)
            store.add_turn(encounter, turn(count), 8_000 * (count + 1))
            count += 1

    writer = threading.Thread(target=write)
    writer.start()
    files = []
    for n in range(3):
        time.sleep(0.3)
        with sealing(store, box.settings) as sealed:
            before = count
            files.append(places.write(box.stick, f"chartside-0000000{n}-20270101T000000Z.backup", 0, sealed.blocks))
            assert before < count, "writers were held up"
    stop.set()
    writer.join()
    journal.close()
    store.close()
    for n, file in enumerate(files):
        empty.settings = Settings(data_dir=empty.settings.data_dir.with_name(f"data-{n}"))
        assert empty.restore(file).exit_code == 0
        store = EncounterStore.open(empty.settings)
        turns = store.turns(encounter)
        assert turns == [turn(n) for n in range(len(turns))]
        assert store.get(encounter).committed == 8_000 * len(turns)
        restored = store.journal(encounter)
        # What was heard is in the audio.
        assert restored.received_through >= len(turns) - 1
        assert restored.read(len(turns) - 1) == bytes([(len(turns) - 1) % 256]) * CHUNK_BYTES
        restored.close()
        store.close()


@pytest.fixture
def large(box: Box) -> Box:
    """A box whose backup takes a while."""
    store = EncounterStore.open(box.settings)
    journal = store.journal_path(fill(store, signed=None))
    store.close()
    os.truncate(journal, 120_000_000)
    return box


def test_a_backup_that_was_killed_is_none(large: Box) -> None:
    command = [sys.executable, "-m", "appliance", "backup", "create", str(large.stick)]
    process = subprocess.Popen([*command, "--data-dir", str(large.settings.data_dir)])
    deadline = time.monotonic() + 60
    while not (parts := [p for p in large.stick.iterdir() if p.suffix == ".part" and p.stat().st_size > 1_000_000]):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    process.wait()
    (part,) = parts
    assert [path for path in large.stick.iterdir() if path.suffix == ".backup"] == []
    refused = large.verify(part)
    assert refused.exit_code == 2
    assert "cut off" in refused.output
    # The next one works, and leaves neither this half nor the copy of the database behind.
    left = list(large.settings.data_dir.glob(".snapshot-*"))
    assert left
    large.backup()
    assert [path.suffix for path in large.stick.iterdir()] == [".backup"]
    assert list(large.settings.data_dir.glob(".snapshot-*")) == []


def test_a_restoration_that_was_killed_is_begun_again(box: Box, empty: Box) -> None:
    filled(box)
    backup = box.backup()
    for name in ("_finish", "_move", "sync_directory"):

        def die(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        child = os.fork()
        if child == 0:
            from appliance.backup import restore

            setattr(restore, name, die)
            restore.restore(backup, PASSPHRASE, empty.settings)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), name
    done = empty.restore(backup)
    assert done.exit_code == 0, done.output
    assert everything(empty.settings) == everything(box.settings)
    assert list(empty.settings.data_dir.glob(".restore-*")) == []


def dying(function: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """The function, but for a kill -9 of the process after so many calls."""
    made = itertools.count()

    def die(*arguments: Any, **options: Any) -> Any:
        if next(made) == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return die


@pytest.mark.parametrize("name", ["_encounters", "_move", "sync_directory", "rmtree"])
def test_a_kiosk_takes_over_what_was_staged_even_if_it_was_killed(box: Box, empty: Box, name: str) -> None:
    from appliance.backup import restore

    filled(box)
    EncounterStore.open(empty.settings).close()
    restore.stage(box.backup(), PASSPHRASE, empty.settings)
    assert everything(empty.settings) == ({}, [])
    for calls in range(5):
        child = os.fork()
        if child == 0:
            owner = shutil if name == "rmtree" else restore
            setattr(owner, name, dying(getattr(owner, name), calls))
            restore.take_over(empty.settings)
            os._exit(0)
        os.waitpid(child, 0)
    restore.take_over(empty.settings)
    assert everything(empty.settings) == everything(box.settings)
    assert not (empty.settings.data_dir / "restored").exists()
    restore.take_over(empty.settings)


def test_visits_are_not_replaced_by_what_was_staged(box: Box, empty: Box) -> None:
    from appliance.backup import restore

    filled(box)
    restore.stage(box.backup(), PASSPHRASE, empty.settings)
    filled(empty, 1)
    before = everything(empty.settings)
    restore.take_over(empty.settings)
    assert everything(empty.settings) == before
    assert not (empty.settings.data_dir / "restored").exists()


def test_a_damaged_database_is_not_backed_up(box: Box) -> None:
    filled(box, 20)
    with box.settings.database.open("r+b") as file:
        for page in range(4, 30):
            file.seek(page * 4096)
            file.write(b"\x07" * 64)
    try:
        done = box.create()
    except ChartsideError as error:
        raise AssertionError from error
    assert done.exit_code != 0
    assert list(box.stick.iterdir()) == []


def test_a_box_without_recent_backups_says_so(box: Box, empty: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.health.backup import check_backup

    filled(box)
    assert check_backup(box.settings).level == "ok"
    wanted = Settings(data_dir=box.settings.data_dir, backup_to=str(box.stick))
    assert (check_backup(wanted).level, check_backup(wanted).detail) == ("warning", "no backup was made yet")
    without = check_backup(Settings(data_dir=empty.settings.data_dir, backup_to="stick"))
    assert (without.level, "passphrase" in without.hint) == ("warning", True)
    box.backup()
    assert check_backup(wanted).level == "ok"
    now = time.time()
    monkeypatch.setattr("appliance.health.backup.time.time", lambda: now + 4 * 86_400)
    assert check_backup(wanted).level == "warning"
