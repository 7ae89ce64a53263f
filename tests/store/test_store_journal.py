from __future__ import annotations

import errno
import itertools
import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_child import run_in_child

from appliance.audio import CHUNK_BYTES
from appliance.errors import AudioError, ConflictError, NotFoundError, StorageError
from appliance.store.journal import Journal
from appliance.store.keys import OVERHEAD_BYTES, EncounterKey

KEY = EncounterKey("e" * 32, bytes(32))
HEADER_BYTES = 8
RECORD_BYTES = HEADER_BYTES + CHUNK_BYTES + OVERHEAD_BYTES


def chunk(n: int, length: int = CHUNK_BYTES) -> bytes:
    return bytes([n % 256, n // 256]) * (length // 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journals" / "one.journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path, KEY)
    yield journal
    journal.close()


def reopened(path: Path) -> Journal:
    return Journal(path, KEY)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_chunks_in_any_order_and_any_number_of_times_give_the_same_recording(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    present = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    order = data.draw(st.permutations(sorted(present) * 2))
    last_length = data.draw(st.sampled_from([2, 100, CHUNK_BYTES]))
    lengths = {n: last_length if n == max(present) else CHUNK_BYTES for n in present}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "j"
        journal = reopened(path)
        seen: set[int] = set()
        for position, n in enumerate(order):
            if position == data.draw(st.integers(0, len(order)), label="restart before"):
                journal.close()
                journal = reopened(path)
            assert journal.append(n, chunk(n, lengths[n])) == (n not in seen)
            seen.add(n)
            through = next(i for i in itertools.count() if i not in seen) - 1
            assert journal.received_through == through
            assert journal.missing() == [i for i in range(max(seen)) if i not in seen]
        journal.close()
        journal = reopened(path)
        assert sorted(journal.arrivals()) == sorted(present)
        assert {n: journal.read(n) for n in present} == {n: chunk(n, lengths[n]) for n in present}
        assert path.stat().st_size == sum(HEADER_BYTES + OVERHEAD_BYTES + length for length in lengths.values())
        journal.close()


def test_a_file_cut_at_any_byte_keeps_every_record_before_the_cut(path: Path) -> None:
    journal = reopened(path)
    # Short chunks first make the file small enough to try every byte; the order of arrival is free.
    journal.append(3, chunk(3, 6))
    journal.append(2, chunk(2))
    journal.close()
    whole = path.read_bytes()
    first = HEADER_BYTES + OVERHEAD_BYTES + 6
    for size in itertools.chain(range(first + 200), range(first + 200, len(whole), 97), range(len(whole) - 50, len(whole) + 1)):
        path.write_bytes(whole[:size])
        journal = reopened(path)
        kept = [3] * (size >= first) + [2] * (size == len(whole))
        assert journal.arrivals() == kept, size
        assert path.stat().st_size == (0, first, len(whole))[len(kept)]
        # What was cut off can be sent again.
        if size >= first:
            journal.append(2, chunk(2))
            assert journal.read(2) == chunk(2)
        journal.close()


@settings(max_examples=50, deadline=None)
@given(tail=st.binary(min_size=1, max_size=300))
def test_anything_behind_the_last_record_is_cut_off(tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "j"
        journal = reopened(path)
        journal.append(0, chunk(0))
        journal.close()
        with path.open("ab") as file:
            file.write(tail)
        journal = reopened(path)
        assert journal.arrivals() == [0]
        assert path.stat().st_size == RECORD_BYTES
        journal.close()


def test_zeros_that_a_power_cut_left_in_the_last_record_are_cut_off(path: Path) -> None:
    journal = reopened(path)
    journal.append(0, chunk(0))
    journal.append(1, chunk(1))
    journal.close()
    with path.open("r+b") as file:
        file.seek(RECORD_BYTES + 5000)
        file.write(bytes(RECORD_BYTES - 5000))
    journal = reopened(path)
    assert journal.arrivals() == [0]
    journal.close()


def test_a_changed_chunk_in_the_middle_is_reported_when_it_is_read(journal: Journal, path: Path) -> None:
    for n in range(3):
        journal.append(n, chunk(n))
    with path.open("r+b") as file:
        file.seek(RECORD_BYTES + 1000)
        file.write(b"changed")
    with pytest.raises(StorageError):
        journal.read(1)
    assert journal.read(0) == chunk(0)
    journal.close()
    again = reopened(path)
    assert again.arrivals() == [0, 1, 2]
    with pytest.raises(StorageError):
        again.read(1)
    again.close()


@pytest.mark.parametrize("offset", range(HEADER_BYTES))
def test_a_changed_header_in_the_middle_is_never_skipped(path: Path, offset: int) -> None:
    journal = reopened(path)
    for n in range(4):
        journal.append(n, chunk(n))
    journal.close()
    data = bytearray(path.read_bytes())
    data[RECORD_BYTES + offset] ^= 0xFF
    path.write_bytes(data)
    if offset < 4:
        # The chunk number is wrong: the record is found, but it does not open under that number.
        journal = reopened(path)
        (wrong,) = set(journal.arrivals()) - {0, 2, 3}
        with pytest.raises(StorageError):
            journal.read(wrong)
        journal.close()
    else:
        with pytest.raises(StorageError, match="damaged"):
            reopened(path)
    assert path.read_bytes() == data


def test_records_cannot_be_swapped(path: Path) -> None:
    journal = reopened(path)
    for n in range(3):
        journal.append(n, chunk(n))
    journal.close()
    records = [path.read_bytes()[n * RECORD_BYTES : (n + 1) * RECORD_BYTES] for n in range(3)]
    bodies = [record[HEADER_BYTES:] for record in records]
    path.write_bytes(records[0][:HEADER_BYTES] + bodies[1] + records[1][:HEADER_BYTES] + bodies[0] + records[2])
    journal = reopened(path)
    for n in (0, 1):
        with pytest.raises(StorageError):
            journal.read(n)
    assert journal.read(2) == chunk(2)
    journal.close()


def test_other_audio_under_the_same_number_is_a_conflict(journal: Journal) -> None:
    journal.append(0, chunk(0))
    with pytest.raises(ConflictError):
        journal.append(0, chunk(1))
    assert journal.read(0) == chunk(0)


def test_only_the_last_chunk_may_be_short(journal: Journal) -> None:
    journal.append(5, chunk(5, 100))
    with pytest.raises(ConflictError, match="was the last"):
        journal.append(6, chunk(6))
    with pytest.raises(AudioError, match="later chunks"):
        journal.append(4, chunk(4, 100))
    assert journal.arrivals() == [5]
    assert journal.samples(5) == 50
    assert journal.samples(6) == 0


def test_a_chunk_that_never_came_cannot_be_read(journal: Journal) -> None:
    with pytest.raises(NotFoundError):
        journal.read(0)


def test_a_closed_journal_takes_nothing(journal: Journal) -> None:
    journal.close()
    with pytest.raises(NotFoundError):
        journal.append(0, chunk(0))


def test_the_file_shows_no_audio_and_belongs_to_its_owner(journal: Journal, path: Path) -> None:
    journal.append(0, chunk(7))
    assert chunk(7)[:64] not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_chunk_is_on_disk_before_it_is_acknowledged(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", watched)
    journal.append(0, chunk(0))
    assert synced == [RECORD_BYTES]


def _append_until_full(path: Path) -> None:
    """In a child process whose files may not grow beyond two and a half records."""
    journal = reopened(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (RECORD_BYTES * 5 // 2, RECORD_BYTES * 3))
    journal.append(0, chunk(0))
    journal.append(1, chunk(1))
    for _ in range(2):
        with pytest.raises(StorageError) as caught:
            journal.append(2, chunk(2))
        assert caught.value.status == 507
        assert "disk space" in caught.value.hint
        assert path.stat().st_size == 2 * RECORD_BYTES
    assert journal.received_through == 1
    assert journal.read(1) == chunk(1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (RECORD_BYTES * 3, RECORD_BYTES * 3))
    journal.append(2, chunk(2))
    journal.close()


def test_a_full_disk_loses_nothing_and_the_chunk_can_be_sent_again(path: Path) -> None:
    run_in_child(_append_until_full, path)
    journal = reopened(path)
    assert [journal.read(n) for n in journal.arrivals()] == [chunk(n) for n in range(3)]
    journal.close()


def test_a_write_that_can_be_neither_finished_nor_undone_is_undone_before_the_next(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(0, chunk(0))

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        patch.setattr(os, "ftruncate", failing)
        with pytest.raises(StorageError):
            journal.append(1, chunk(1))
    assert path.stat().st_size == 2 * RECORD_BYTES
    assert journal.arrivals() == [0]
    journal.append(2, chunk(2, 10))
    journal.close()
    again = reopened(path)
    assert again.arrivals() == [0, 2]
    again.close()


def test_a_journal_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        reopened(tmp_path)
