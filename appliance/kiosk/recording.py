"""The recording of a visit: audio comes in chunk by chunk, and a stretch of it can be heard again."""

from __future__ import annotations

import io
import math
import time
import wave
from typing import Final

from appliance.audio import CHUNK_BYTES, CHUNK_SAMPLES, SAMPLE_BYTES, SAMPLE_RATE, parse_chunk
from appliance.errors import ConflictError, NotFoundError, StorageError, StretchError, TooLargeError
from appliance.kiosk import wire
from appliance.kiosk.shared import LIVE_STATES, Shared
from appliance.store.journal import Journal

LONGEST_STRETCH: Final = 60.0
"""Most seconds of audio in one answer."""


class Recording:
    """The audio of one encounter. Safe to use from several threads.

    Args:
        shared: The encounter.
        max_chunks: Longest recording, in chunks.
    """

    def __init__(self, shared: Shared, max_chunks: int) -> None:
        self._shared = shared
        self._max_chunks = max_chunks
        self.last_arrival = time.monotonic()
        """When the last new chunk came, or the recording ended, by the monotonic clock."""

    def put_chunk(self, n: int, body: bytes) -> wire.Received:
        """Store an audio chunk; when this returns, it is on disk.

        Raises:
            AudioError, TooLargeError: The chunk cannot be used, or the recording is over its longest length.
            ConflictError: The recording is over, or other audio is stored under this number.
            StorageError: The disk is full; nothing was stored.
        """
        parse_chunk(body)
        if n >= self._max_chunks:
            raise TooLargeError(
                f"Chunk {n} is beyond the longest recording of {self._max_chunks} chunks.",
                hint="Finish this visit and start another; the limit is the setting max_minutes.",
            )
        shared = self._shared
        with shared.changed:
            shared.check_open()
            chunks, journal = shared.record.chunks, shared.journal
            over = shared.record.state not in LIVE_STATES or (shared.record.state == "writing" and n not in journal)
            if over or (chunks is not None and n >= chunks):
                raise ConflictError("The recording is over.", hint="Start a new encounter for more audio.")
            if journal.append(n, body):
                self.last_arrival = time.monotonic()
                shared.changed.notify_all()
            return wire.Received(journal.received_through, journal.missing(chunks), shared.record.committed)

    def finish(self, chunks: int) -> None:
        """End the recording. The same request again changes nothing.

        Args:
            chunks: How many chunks the recording has; those that did not arrive may still come for a while.

        Raises:
            ConflictError: Later chunks are stored, or the recording was ended with another number.
            TooLargeError: More chunks than the longest recording has.
        """
        if chunks > self._max_chunks:
            raise TooLargeError(
                f"{chunks} chunks are more than the longest recording of {self._max_chunks}.",
                hint="Count the chunks that were recorded; the limit is the setting max_minutes.",
            )
        shared = self._shared
        with shared.changed:
            shared.check_open()
            if shared.record.chunks == chunks:
                return
            if shared.record.state != "recording":
                raise ConflictError(
                    f"The recording was finished with {shared.record.chunks} chunks.", hint="Load the encounter again."
                )
            if chunks <= shared.journal.last:
                raise ConflictError(
                    f"Chunk {shared.journal.last} is stored, so the recording has more than {chunks} chunks.",
                    hint="Count chunks from 0 and send the number of all of them.",
                )
            self.last_arrival = time.monotonic()
            shared.set(state="transcribing", chunks=chunks)

    def stretch(self, start: float, end: float) -> bytes:
        """A stretch of the recording as a WAV file; what never came, or cannot be read, is silence.

        Args:
            start: Seconds from the start of the recording.
            end: The same; what is beyond the end of the recording is left out.

        Raises:
            StretchError: Not 0 <= start < end, or more than `LONGEST_STRETCH` seconds.
            NotFoundError: There is no audio, or it ends before `start`.
            StorageError: The journal is damaged.
        """
        if not (0.0 <= start < end < math.inf) or end - start > LONGEST_STRETCH:
            raise StretchError(
                "The times are not the start and end of a stretch.",
                hint=f"Ask for at most {LONGEST_STRETCH:.0f} seconds, with 0 <= start < end.",
            )
        with self._shared.changed:
            self._shared.check_open()
            journal = self._shared.journal
            samples = self._samples(journal)
        first, last = round(start * SAMPLE_RATE), min(round(end * SAMPLE_RATE), samples)
        if first >= last:
            raise NotFoundError("There is no audio at this time.", hint=f"The recording has {samples / SAMPLE_RATE:.1f} s.")
        chunks = range(first // CHUNK_SAMPLES, (last - 1) // CHUNK_SAMPLES + 1)
        audio = b"".join(_heard(journal, n) for n in chunks)
        skipped = chunks.start * CHUNK_SAMPLES
        return _wav(audio[(first - skipped) * SAMPLE_BYTES : (last - skipped) * SAMPLE_BYTES])

    def _samples(self, journal: Journal) -> int:
        """Length of the recording so far; 0 without any audio, such as after the audio was deleted."""
        if not len(journal):
            return 0
        stored = journal.last * CHUNK_SAMPLES + journal.samples(journal.last)
        return max(stored, round((self._shared.record.duration or 0.0) * SAMPLE_RATE))


def _heard(journal: Journal, n: int) -> bytes:
    """The `CHUNK_BYTES` of chunk `n`, silence where there are none."""
    try:
        return journal.read(n).ljust(CHUNK_BYTES, b"\0")
    except (NotFoundError, StorageError):
        return bytes(CHUNK_BYTES)


def _wav(audio: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(audio)
    return file.getvalue()
