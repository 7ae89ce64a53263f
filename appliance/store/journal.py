"""The audio journal of one encounter: an append-only file of encrypted chunks, each on disk before it is acknowledged.

The file is a sequence of records:

    chunk number   4 bytes, little endian
    length         4 bytes, little endian: bytes that follow
    sealed chunk   nonce, ciphertext and tag, bound to the encounter and the chunk number

Only one record is ever in flight, so a crash can leave at most one torn record, at the end. It was never acknowledged and
is cut off when the journal is opened.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from appliance.audio import CHUNK_BYTES, SAMPLE_BYTES
from appliance.errors import AudioError, ConflictError, NotFoundError, StorageError
from appliance.store.keys import OVERHEAD_BYTES, EncounterKey, sync_directory

_log = logging.getLogger(__name__)
_HEADER: Final = struct.Struct("<II")
_LONGEST: Final = _HEADER.size + CHUNK_BYTES + OVERHEAD_BYTES
_FULL: Final = "Free some disk space; nothing that was acknowledged is lost, and the tablet keeps what was not."


class _Place(NamedTuple):
    offset: int
    """Byte at which the sealed chunk begins."""
    length: int
    """Bytes of the sealed chunk."""

    @property
    def plain_bytes(self) -> int:
        return self.length - OVERHEAD_BYTES


class Journal:
    """The audio of one encounter. Safe to use from several threads, but only one process may have it open.

    Args:
        path: The file; created when it is not there.
        key: Key of the encounter.

    Raises:
        StorageError: A record before the last is damaged, or the file cannot be opened.
    """

    def __init__(self, path: Path, key: EncounterKey) -> None:
        self._path = path
        self._key = key
        self._lock = threading.Lock()
        self._places: dict[int, _Place] = {}
        self._arrivals: list[int] = []
        self._through = -1
        self._last = -1
        self._closed = False
        # True while bytes of a failed write may stand behind the last good record.
        self._torn = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable("opened", error) from error
        try:
            sync_directory(path.parent)
            self._end = self._recover()
        except BaseException as error:
            os.close(self._file)
            if isinstance(error, OSError):
                raise _unusable("read", error) from error
            raise

    def append(self, n: int, chunk: bytes) -> bool:
        """Store a chunk. When this returns, the chunk survives a power cut.

        Args:
            n: Chunk number, from 0, in any order.
            chunk: PCM16 bytes, 2 to `CHUNK_BYTES`; fewer than `CHUNK_BYTES` only in the last chunk of a recording.

        Returns:
            True if the chunk is new, False if the same bytes were there already.

        Raises:
            ConflictError: Other bytes are stored under this number, or a shorter, and so last, chunk comes before it.
            AudioError: The chunk is short although later chunks are stored.
            StorageError: The disk is full or failing; nothing was stored.
            NotFoundError: The journal was closed because the encounter is gone.
        """
        with self._lock:
            self._check_open()
            if n in self._places:
                if self._read(n) != chunk:
                    raise ConflictError(
                        f"Chunk {n} is stored with other audio.",
                        hint="Number chunks from 0 and never change one after sending it.",
                    )
                return False
            self._check_length(n, len(chunk))
            self._write(n, self._key.seal(_record(n), chunk))
            return True

    def read(self, n: int) -> bytes:
        """The PCM16 bytes of chunk `n`.

        Raises:
            NotFoundError: The chunk never came, or the journal is closed.
            StorageError: The stored record was changed.
        """
        with self._lock:
            self._check_open()
            if n not in self._places:
                raise NotFoundError(f"Chunk {n} is not stored.", hint="Send it again.")
            return self._read(n)

    def __contains__(self, n: int) -> bool:
        with self._lock:
            return n in self._places

    def __len__(self) -> int:
        with self._lock:
            return len(self._places)

    @property
    def last(self) -> int:
        """The highest stored chunk number, -1 if there is none."""
        with self._lock:
            return self._last

    @property
    def received_through(self) -> int:
        """The last chunk before the first missing one, -1 if chunk 0 is missing."""
        with self._lock:
            return self._through

    def missing(self, chunks: int | None = None) -> list[int]:
        """Numbers of the chunks that are not there.

        Args:
            chunks: How many chunks there should be; None for as many as the highest number stored says.
        """
        with self._lock:
            end = self._last + 1 if chunks is None else chunks
            return [n for n in range(self._through + 1, end) if n not in self._places]

    def arrivals(self, position: int = 0) -> list[int]:
        """Chunk numbers in the order in which they were stored, from the given position in that order."""
        with self._lock:
            return self._arrivals[position:]

    def samples(self, n: int) -> int:
        """Number of samples in chunk `n`, 0 if it is not there."""
        with self._lock:
            place = self._places.get(n)
            return place.plain_bytes // SAMPLE_BYTES if place else 0

    def close(self) -> None:
        """Close the file; later calls that need it raise `NotFoundError`."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._file)

    def _check_open(self) -> None:
        if self._closed:
            raise NotFoundError("The encounter is gone.", hint="It was deleted; start a new one.")

    def _check_length(self, n: int, length: int) -> None:
        if length < CHUNK_BYTES and n < self._last:
            raise AudioError(
                f"Chunk {n} has {length} bytes, but later chunks are stored.",
                hint=f"Only the last chunk of a recording may have fewer than {CHUNK_BYTES} bytes.",
            )
        if n > self._last >= 0 and self._places[self._last].plain_bytes < CHUNK_BYTES:
            raise ConflictError(
                f"Chunk {self._last} is shorter than {CHUNK_BYTES} bytes, so it was the last; chunk {n} cannot follow.",
                hint="Only the last chunk of a recording may be short.",
            )

    def _read(self, n: int) -> bytes:
        place = self._places[n]
        return self._key.open(_record(n), os.pread(self._file, place.length, place.offset))

    def _write(self, n: int, sealed: bytes) -> None:
        record = _HEADER.pack(n, len(sealed)) + sealed
        try:
            if self._torn:
                self._cut(self._end)
            self._torn = True
            written = 0
            while written < len(record):
                written += os.pwrite(self._file, record[written:], self._end + written)
            os.fsync(self._file)
            self._torn = False
        except OSError as error:
            self._undo()
            raise _unusable("written", error) from error
        self._add(n, _Place(self._end + _HEADER.size, len(sealed)))
        self._end += len(record)

    def _undo(self) -> None:
        try:
            self._cut(self._end)
            self._torn = False
        except OSError:
            # The next write, or the next process that opens the journal, tries again.
            _log.warning("journal: a failed write could not be cut off yet")

    def _cut(self, end: int) -> None:
        os.ftruncate(self._file, end)
        os.fsync(self._file)

    def _add(self, n: int, place: _Place) -> None:
        self._places[n] = place
        self._arrivals.append(n)
        self._last = max(self._last, n)
        while self._through + 1 in self._places:
            self._through += 1

    def _recover(self) -> int:
        """Index all records, cut off a torn one at the end, and return the length of the file."""
        size = os.fstat(self._file).st_size
        end = 0
        while end < size:
            record_end = self._index_record(end, size)
            if record_end is None:
                if size - end > _LONGEST:
                    self._damaged(end)
                _log.warning("journal: %d bytes of a torn record were cut off", size - end)
                self._cut(end)
                break
            end = record_end
        return end

    def _index_record(self, start: int, size: int) -> int | None:
        """Index the record at `start` and return its end; None if no whole record stands there."""
        header = os.pread(self._file, _HEADER.size, start)
        if len(header) < _HEADER.size:
            return None
        n, length = map(int, _HEADER.unpack(header))
        place = _Place(start + _HEADER.size, length)
        end = place.offset + length
        if not OVERHEAD_BYTES < length <= CHUNK_BYTES + OVERHEAD_BYTES or end > size or n in self._places:
            return None
        if end == size:
            # After a power cut the file can be longer than what was written into it: only a last record that opens is whole.
            try:
                self._key.open(_record(n), os.pread(self._file, length, place.offset))
            except StorageError:
                return None
        self._add(n, place)
        return end

    def _damaged(self, offset: int) -> NoReturn:
        raise StorageError(
            f"The audio journal of an encounter is damaged at byte {offset} after {len(self._places)} good chunks.",
            hint="Check the disk, and restore the journal from a backup.",
        )


def _record(n: int) -> str:
    return f"audio/{n}"


def _unusable(verb: str, error: OSError) -> StorageError:
    return StorageError(f"The audio journal cannot be {verb}: {error.strerror}.", hint=_FULL)
