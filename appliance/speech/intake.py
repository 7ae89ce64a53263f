"""Numbered chunks in any order become one stretch of audio after another."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass

import msgspec

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16, parse_chunk
from appliance.errors import ConflictError, InputError, TooLargeError


class Receipt(msgspec.Struct, frozen=True):
    """Which chunks have arrived."""

    received_through: int
    """The last chunk before the first missing one, -1 if none."""
    missing: list[int]
    """Chunks that have not come although a later one has."""


@dataclass(frozen=True)
class Hole:
    """Audio that never came: `start` is its first sample, `end` the one after its last."""

    start: int
    end: int


class Intake:
    """Puts the chunks of one session into order.

    Args:
        first_sample: Position in the recording from which audio is wanted; what lies before is ignored.
        max_samples: Longest recording.
    """

    def __init__(self, first_sample: int, max_samples: int) -> None:
        self._first_sample = first_sample
        self._max_samples = max_samples
        self._next = first_sample // CHUNK_SAMPLES
        self._waiting: dict[int, Pcm16] = {}
        self._digests: dict[int, bytes] = {}
        self._highest = self._next - 1
        self._short: tuple[int, int] | None = None  # number and end of the one chunk that may be short, the last
        self._ending: tuple[int, int | None] | None = None

    @property
    def receipt(self) -> Receipt:
        """Which chunks have arrived."""
        missing = [number for number in range(self._next, self._highest) if number not in self._waiting]
        return Receipt(received_through=self._next - 1, missing=missing)

    @property
    def finished(self) -> bool:
        """No more audio is expected."""
        return self._ending is not None

    def accept(self, number: int, body: bytes) -> Pcm16:
        """Take one chunk.

        Args:
            number: Its number, from 0.
            body: PCM16, see `appliance.audio.parse_chunk`.

        Returns:
            The audio that is now next in line; empty while an earlier chunk is missing.

        Raises:
            AudioError: The body is not a chunk.
            ConflictError: Other bytes came under this number, it lies after the last chunk, or the session is finished.
            TooLargeError: The chunk or the recording is too long.
        """
        samples = parse_chunk(body)
        end = number * CHUNK_SAMPLES + len(samples)
        self._check_length(end)
        digest = hashlib.blake2b(body, digest_size=16).digest()
        known = self._digests.get(number)
        if known is not None and known != digest:
            raise ConflictError(
                f"Chunk {number} came before with other audio.", hint="Number chunks by their position; never reuse a number."
            )
        if known is not None or number < self._first_sample // CHUNK_SAMPLES:
            return array("h")
        self._check_place(number, samples)
        if len(samples) < CHUNK_SAMPLES:
            self._short = (number, end)
        self._digests[number] = digest
        self._waiting[number] = samples
        self._highest = max(self._highest, number)
        return self._in_line()

    def finish(self, chunks: int, samples: int | None) -> list[Pcm16 | Hole]:
        """Declare the end.

        Args:
            chunks: Number of chunks of the whole recording.
            samples: Length of the whole recording, if known; needed when the last chunk never came and was short.

        Returns:
            What is left of the recording, in order: audio that waited for missing chunks, and holes for those.

        Raises:
            ConflictError: Contradicts the chunks that came, or an earlier end.
            InputError: `samples` does not fit `chunks`.
            TooLargeError: The recording is too long.
        """
        if self._ending is not None:
            if self._ending != (chunks, samples):
                raise ConflictError("The session was finished with another length.", hint="Finish a session once.")
            return []
        end = self._end(chunks, samples)
        self._ending = (chunks, samples)
        pieces: list[Pcm16 | Hole] = []
        while self._next < chunks:
            audio = self._in_line()
            if len(audio):
                pieces.append(audio)
            hole = max(self._first_sample, self._next * CHUNK_SAMPLES)
            while self._next < chunks and self._next not in self._waiting:
                self._next += 1
            hole_end = min(end, self._next * CHUNK_SAMPLES)
            if hole_end > hole:
                pieces.append(Hole(hole, hole_end))
        return pieces

    @property
    def end(self) -> int:
        """Length of the finished recording in samples."""
        if self._ending is None:
            raise ConflictError("The session is not finished.", hint="Finish it first.")
        return self._end(*self._ending)

    def _in_line(self) -> Pcm16:
        audio: Pcm16 = array("h")
        while self._next in self._waiting:
            skip = max(0, self._first_sample - self._next * CHUNK_SAMPLES)
            audio += self._waiting.pop(self._next)[skip:]
            self._next += 1
        return audio

    def _check_length(self, end: int) -> None:
        if end > self._max_samples:
            raise TooLargeError(
                f"The recording is longer than {self._max_samples // SAMPLE_RATE // 60} minutes.",
                hint="Finish this recording and start another; the setting max_minutes raises the limit.",
            )

    def _check_place(self, number: int, samples: Pcm16) -> None:
        if self._ending is not None:
            raise ConflictError(
                f"Chunk {number} came after the session was finished.", hint="Finish after the last chunk is acknowledged."
            )
        after_the_last = self._short is not None and number > self._short[0]
        if after_the_last or (len(samples) < CHUNK_SAMPLES and number < self._highest):
            raise ConflictError(
                f"Chunk {number} does not fit: only the last chunk may hold fewer than {CHUNK_SAMPLES} samples.",
                hint="Cut the recording into full chunks of half a second.",
            )

    def _end(self, chunks: int, samples: int | None) -> int:
        self._check_length(max(0, chunks - 1) * CHUNK_SAMPLES)
        if samples is not None and not (chunks - 1) * CHUNK_SAMPLES < samples <= chunks * CHUNK_SAMPLES and (chunks or samples):
            raise InputError(
                f"{samples} samples do not make {chunks} chunks.",
                hint=f"A chunk holds {CHUNK_SAMPLES} samples, the last 1 to that.",
            )
        short_elsewhere = self._short is not None and self._short[0] != chunks - 1
        if (self._digests and self._highest >= chunks) or short_elsewhere:
            raise ConflictError(
                f"{chunks} chunks contradict those that came, up to chunk {self._highest}.",
                hint="Give the number of all chunks of the recording, counted from its start.",
            )
        known = self._short[1] if self._short is not None else (chunks * CHUNK_SAMPLES if chunks - 1 in self._digests else None)
        if known is not None and samples is not None and samples != known:
            raise ConflictError(f"The last chunk ends at sample {known}, not {samples}.", hint="Count the samples again.")
        return known if known is not None else (chunks * CHUNK_SAMPLES if samples is None else samples)
