from __future__ import annotations

import os
import random
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from store_child import run_in_child
from store_visits import ADDENDUM, CHECK, DISMISSAL, NOTE, PROBLEM, PROPOSAL, SAID, SIGNATURE, fill, turn

from appliance.clinical_note import Note
from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.settings import Settings
from appliance.store import schema
from appliance.store.encounters import EncounterStore
from appliance.store.records import Label
from appliance.transcript import Gap, Turn


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings: Settings) -> Iterator[EncounterStore]:
    store = EncounterStore.open(settings)
    yield store
    store.close()


def everything_on_disk(settings: Settings) -> bytes:
    files = [path for path in settings.data_dir.rglob("*") if path.is_file() and path != settings.box_key]
    return b"".join(path.read_bytes() for path in files)


def wrapped_key(settings: Settings, encounter: str) -> bytes:
    with sqlite3.connect(settings.database) as database:
        query = "SELECT wrapped FROM encounter_key JOIN encounter USING (number) WHERE id = ?"
        (wrapped,) = database.execute(query, (encounter,)).fetchone()
    database.close()
    assert isinstance(wrapped, bytes)
    return wrapped


def test_what_was_stored_is_there_after_a_restart(store: EncounterStore, settings: Settings) -> None:
    encounter = fill(store)
    before = store.get(encounter)
    store.close()
    store = EncounterStore.open(settings)
    assert store.get(encounter) == before
    assert (before.title, before.template, before.state, before.duration) == (SAID, "aci", "signed", 100.0)
    assert (before.chunks, before.committed, before.problem) == (200, 16_000 * 92, PROBLEM)
    assert store.turns(encounter) == [turn(n) for n in range(3)]
    assert store.turns(encounter, 2) == [turn(2)]
    assert store.gaps(encounter) == [Gap(90.0, 91.5)]
    assert store.note(encounter) == (1, NOTE)
    assert before.section == SAID
    assert store.voices(encounter) == [SAID.encode()] * 3
    assert store.labels(encounter) == [Label("unknown", chosen="patient")] * 2 + [Label("unknown")]
    assert store.proposals(encounter) == [PROPOSAL] * 3
    assert store.check(encounter, 1) == CHECK
    assert store.dismissals(encounter) == [DISMISSAL]
    assert store.signature(encounter) == SIGNATURE
    assert store.addenda(encounter) == [ADDENDUM]
    store.close()


def test_encounters_are_listed_newest_first(store: EncounterStore) -> None:
    created = [store.create("aci", str(n)).id for n in range(5)]
    assert [encounter.id for encounter in store.all()] == created[::-1]


def test_a_turn_at_or_before_the_committed_sample_is_known_already(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    assert store.add_turn(encounter, turn(0), 16_000) == 0
    assert store.add_turn(encounter, turn(0), 16_000) is None
    assert store.add_turn(encounter, turn(0), 15_000) is None
    assert store.add_turn(encounter, turn(1), 32_000) == 1
    assert store.turns(encounter) == [turn(0), turn(1)]
    assert store.get(encounter).committed == 32_000


def test_a_gap_is_stored_once(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    assert store.add_gap(encounter, Gap(1.0, 2.0), 32_000)
    assert not store.add_gap(encounter, Gap(1.0, 2.0), 32_000)
    assert not store.add_gap(encounter, Gap(0.0, 0.5), 8_000)
    assert store.gaps(encounter) == [Gap(1.0, 2.0)]


def test_every_version_of_the_note_is_kept(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    assert store.note(encounter) == (0, None)
    changed = Note("aci", (), NOTE.stamp)
    assert store.add_note(encounter, NOTE, after=0, state="draft") == 1
    assert store.get(encounter).state == "draft"
    assert store.add_note(encounter, changed, after=1) == 2
    assert store.note(encounter) == (2, changed)
    assert store.note(encounter, 1) == (1, NOTE)
    with pytest.raises(NotFoundError):
        store.note(encounter, 3)


@pytest.mark.parametrize("after", [0, 2])
def test_a_note_that_does_not_follow_the_newest_version_is_a_conflict(store: EncounterStore, after: int) -> None:
    encounter = store.create("aci", "").id
    store.add_note(encounter, NOTE, after=0)
    with pytest.raises(ConflictError):
        store.add_note(encounter, NOTE, after=after, state="failed")
    assert store.note(encounter) == (1, NOTE)
    assert store.get(encounter).state == "recording"


def test_voices_are_forgotten_when_the_recording_is_transcribed(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    store.add_turn(encounter, turn(0), 16_000, voice=b"{}")
    assert store.voices(encounter) == [b"{}"]
    store.finish(encounter, 1.5)
    assert store.voices(encounter) == [b""]
    assert (store.get(encounter).state, store.get(encounter).duration) == ("writing", 1.5)
    assert store.turns(encounter) == [turn(0)]


def test_a_version_has_an_author_and_a_check(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    store.add_note(encounter, NOTE, after=0)
    store.set_check(encounter, 1, CHECK)
    store.add_note(encounter, NOTE, after=1, author="clinician")
    assert [(record.version, record.author) for record in store.versions(encounter)] == [(1, "model"), (2, "clinician")]
    assert (store.check(encounter, 1), store.check(encounter, 2), store.check(encounter, 3)) == (CHECK, None, None)


def test_what_a_check_rests_on_takes_the_newest_one_away(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    store.add_turn(encounter, turn(0), 1, proposals=[PROPOSAL])
    for version in (1, 2):
        store.add_note(encounter, NOTE, after=version - 1)
        store.set_check(encounter, version, CHECK)
    store.set_labels(encounter, {0: Label("patient")})
    assert (store.check(encounter, 1), store.check(encounter, 2)) == (CHECK, None)
    store.set_check(encounter, 2, CHECK)
    store.set_proposal(encounter, 0, PROPOSAL)
    assert store.check(encounter, 2) is None


def test_a_note_is_signed_once_and_only_in_its_newest_version(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    for version in (1, 2):
        store.add_note(encounter, NOTE, after=version - 1, state="draft")
    with pytest.raises(ConflictError):
        store.sign(encounter, SIGNATURE)
    assert store.signature(encounter) is None
    assert store.get(encounter).state == "draft"
    second = msgspec.structs.replace(SIGNATURE, version=2)
    store.sign(encounter, second)
    with pytest.raises(ConflictError):
        store.sign(encounter, msgspec.structs.replace(second, signer="x"))
    assert store.signature(encounter) == second


def test_a_signed_text_that_was_changed_is_noticed(store: EncounterStore) -> None:
    encounter = store.create("aci", "").id
    store.add_note(encounter, NOTE, after=0)
    store.sign(encounter, msgspec.structs.replace(SIGNATURE, text="no chest pain"))
    with pytest.raises(StorageError, match="signed"):
        store.signature(encounter)


def test_nothing_that_was_said_or_written_is_on_disk_in_clear(store: EncounterStore, settings: Settings) -> None:
    fill(store)
    on_disk = everything_on_disk(settings)
    for text in (SAID, "chest", "aci", "Plan", "patient", "supported", "accepted", "model"):
        assert text.encode() not in on_disk
    store.close()
    assert SAID.encode() not in everything_on_disk(settings)


def test_only_the_owner_can_read_the_files(store: EncounterStore, settings: Settings) -> None:
    fill(store)
    for path in settings.data_dir.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_deleted_encounter_leaves_neither_key_nor_data(settings: Settings) -> None:
    randomness = random.Random(7)
    store = EncounterStore.open(settings)
    encounters = [fill(store, randomness.randrange(8)) for _ in range(40)]
    store.close()
    wrapped = {encounter: wrapped_key(settings, encounter) for encounter in encounters}
    deleted = set(randomness.sample(encounters, 20))
    sealed = {encounter: (settings.journal_dir / f"{encounter}.journal").read_bytes()[8:64] for encounter in encounters}
    store = EncounterStore.open(settings)
    for encounter in encounters:
        if encounter in deleted:
            store.delete(encounter)
            on_disk = everything_on_disk(settings)
            assert wrapped[encounter] not in on_disk
            assert sealed[encounter] not in on_disk
            assert encounter.encode() not in on_disk
        else:
            # Other work moves pages about between the deletions.
            store.update(encounter, title=SAID * randomness.randrange(20))
            store.add_turn(encounter, turn(50), 10**9)
    on_disk = everything_on_disk(settings)
    for encounter in encounters:
        assert (wrapped[encounter] in on_disk) == (encounter not in deleted)
        assert (settings.journal_dir / f"{encounter}.journal").exists() == (encounter not in deleted)
    for encounter in deleted:
        with pytest.raises(NotFoundError):
            store.get(encounter)
        with pytest.raises(NotFoundError):
            store.delete(encounter)
    store.close()


@pytest.mark.parametrize("crash_at", ["_truncate_log", "journal_path"])
def test_a_deletion_that_was_interrupted_is_completed_at_the_next_start(settings: Settings, crash_at: str) -> None:
    store = EncounterStore.open(settings)
    encounter, other = fill(store), fill(store)
    store.close()
    wrapped = wrapped_key(settings, encounter)

    def delete_and_crash() -> None:
        store = EncounterStore.open(settings)

        def crash(*_: object) -> None:
            os._exit(0)

        setattr(store, crash_at, crash)
        store.delete(encounter)
        raise AssertionError

    run_in_child(delete_and_crash)
    store = EncounterStore.open(settings)
    assert [e.id for e in store.all()] == [other]
    on_disk = everything_on_disk(settings)
    assert wrapped not in on_disk
    assert encounter.encode() not in on_disk
    assert [path.stem for path in settings.journal_dir.iterdir()] == [other]
    store.close()


def test_a_transaction_that_was_killed_leaves_no_half(settings: Settings) -> None:
    store = EncounterStore.open(settings)
    encounter = store.create("aci", "").id
    store.close()

    def add_turn_and_die() -> None:
        store = EncounterStore.open(settings)
        store.add_turn(encounter, turn(0), 16_000)

        def die(*_: object, **__: object) -> None:
            os._exit(0)

        # After the turn was inserted, before `committed` moved.
        EncounterStore._set = die  # type: ignore[method-assign]
        store.add_turn(encounter, turn(1), 32_000)
        raise AssertionError

    run_in_child(add_turn_and_die)
    store = EncounterStore.open(settings)
    assert store.turns(encounter) == [turn(0)]
    assert store.get(encounter).committed == 16_000
    assert store.add_turn(encounter, turn(1), 32_000) == 1
    store.close()


def test_a_signing_that_was_killed_leaves_a_draft(settings: Settings) -> None:
    store = EncounterStore.open(settings)
    encounter = store.create("aci", "").id
    store.add_note(encounter, NOTE, after=0, state="draft")
    store.close()

    def sign_and_die() -> None:
        store = EncounterStore.open(settings)

        def die(*_: object, **__: object) -> None:
            os._exit(0)

        # After the signature was inserted, before the state changed.
        EncounterStore._set = die  # type: ignore[method-assign]
        store.sign(encounter, SIGNATURE)
        raise AssertionError

    run_in_child(sign_and_die)
    store = EncounterStore.open(settings)
    assert store.get(encounter).state == "draft"
    assert store.signature(encounter) is None
    store.sign(encounter, SIGNATURE)
    store.close()


def _fill_disk(settings: Settings, encounter: str) -> None:
    store = EncounterStore.open(settings)
    before = store.turns(encounter)
    size = max(path.stat().st_size for path in settings.data_dir.rglob("*") if path.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, resource.RLIM_INFINITY))
    stored = len(before)
    big = Turn(SAID * 100)

    def add_until_full() -> None:
        nonlocal stored
        for n in range(1000):
            stored = (store.add_turn(encounter, big, 10**9 + n) or 0) + 1

    with pytest.raises(StorageError) as caught:
        add_until_full()
    assert caught.value.status == 507
    assert "full" in caught.value.message
    assert len(store.turns(encounter)) == stored > len(before)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert store.add_turn(encounter, big, 2 * 10**9) == stored
    store.close()


def test_a_full_disk_is_reported_and_harms_nothing(settings: Settings) -> None:
    store = EncounterStore.open(settings)
    encounter = fill(store)
    store.close()
    run_in_child(_fill_disk, settings, encounter)
    store = EncounterStore.open(settings)
    assert store.turns(encounter, 0)[:3] == [turn(n) for n in range(3)]
    assert store.note(encounter) == (1, NOTE)
    store.close()


def test_a_second_process_is_locked_out(store: EncounterStore, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create("aci", "")
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, timeout=0.1))
    with pytest.raises(ConflictError, match="Another process"):
        EncounterStore.open(settings)


def test_another_box_key_is_noticed_at_start(store: EncounterStore, settings: Settings) -> None:
    store.close()
    settings.box_key.write_bytes(os.urandom(32))
    with pytest.raises(StorageError) as caught:
        EncounterStore.open(settings)
    assert "backup" in caught.value.hint


def test_a_lost_box_key_is_never_replaced(store: EncounterStore, settings: Settings) -> None:
    store.close()
    settings.box_key.unlink()
    with pytest.raises(StorageError, match="missing"):
        EncounterStore.open(settings)
    assert not settings.box_key.exists()


def test_a_store_of_a_later_version_is_refused(store: EncounterStore, settings: Settings) -> None:
    store.close()
    with sqlite3.connect(settings.database) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    with pytest.raises(StorageError, match=f"version {schema.VERSION + 1}"):
        EncounterStore.open(settings)


def test_a_file_that_is_no_database_is_refused(store: EncounterStore, settings: Settings) -> None:
    store.close()
    settings.database.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="NOTADB"):
        EncounterStore.open(settings)
    assert settings.database.read_bytes().startswith(b"no database")


def test_records_moved_between_encounters_do_not_open(store: EncounterStore, settings: Settings) -> None:
    one, two = fill(store), fill(store)
    store.close()
    with sqlite3.connect(settings.database) as database:
        database.execute("UPDATE encounter SET title = (SELECT title FROM encounter WHERE id = ?) WHERE id = ?", (one, two))
    database.close()
    store = EncounterStore.open(settings)
    assert store.get(one).title == SAID
    with pytest.raises(StorageError):
        store.get(two)
    listed = {encounter.id: encounter for encounter in store.all()}
    assert listed[one].title == SAID
    assert listed[two].title == ""
    assert listed[two].state == "failed"
    assert listed[two].problem is not None
    store.delete(two)
    assert [encounter.id for encounter in store.all()] == [one]
    store.close()


@pytest.mark.parametrize("name", ["", "nothing", "0" * 32, "' OR 1=1 --"])
def test_an_unknown_id_is_not_found(store: EncounterStore, name: str) -> None:
    fill(store)
    for call in (store.get, store.turns, store.gaps, store.note, store.proposals, store.signature, store.journal, store.delete):
        with pytest.raises(NotFoundError):
            call(name)
    assert len(store.all()) == 1
