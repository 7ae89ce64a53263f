"""Transcribes a whole file with the same endpointing, engine and guard as a live session."""

from __future__ import annotations

import functools
import queue
from collections.abc import Generator, Iterator

import msgspec

from appliance.audio import SAMPLE_RATE
from appliance.errors import ChartsideError
from appliance.runtime.events import HEARTBEAT_SECONDS, Event
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import HeardWord, SpeechEngine
from appliance.speech.files import AudioFile
from appliance.speech.guard import said_words
from appliance.speech.live import recognizer_error, turn_of
from appliance.speech.rota import Pass
from appliance.speech.sessions import Sessions
from appliance.speech.silero import SileroStream
from appliance.transcript import Transcript, Turn


class Progress(msgspec.Struct, frozen=True):
    """How far a file has been transcribed, in seconds of audio."""

    done: float
    total: float


class _OneAtATime:
    """Source of one pass at a time: a file waits while live sessions need the engine, so its memory stays that of a block."""

    def __init__(self) -> None:
        self.results: queue.SimpleQueue[list[HeardWord] | Exception] = queue.SimpleQueue()
        self._next: queue.SimpleQueue[Utterance] = queue.SimpleQueue()

    @property
    def speaking(self) -> bool:
        return True

    def offer(self, utterance: Utterance) -> None:
        self._next.put(utterance)

    def final_pass(self) -> Pass | None:
        return None

    def quick_pass(self, interval: float) -> Pass | None:  # noqa: ARG002
        try:
            return functools.partial(self._transcribe, self._next.get_nowait())
        except queue.Empty:
            return None

    def fail(self, error: Exception) -> None:
        self.results.put(error)

    def _transcribe(self, utterance: Utterance, engine: SpeechEngine) -> None:
        self.results.put(said_words(utterance, engine.transcribe(utterance.samples)))


def transcribe_file(file: AudioFile, sessions: Sessions) -> Iterator[bytes]:
    """Encoded events: `progress` while the work goes on, then `transcript`, or `failed` with a problem document."""
    source = _OneAtATime()
    speakers = sessions.speaker_labels()
    turns: list[Turn] = []
    endpointer = Endpointer(SileroStream)
    try:
        with sessions.served(source) as wake:
            for ended in _utterances(file, endpointer):
                for utterance in ended:
                    source.offer(utterance)
                    wake()
                    words = yield from _waited(source)
                    for part in speakers.parts(utterance, words) if words else ():
                        turns.append(turn_of(utterance, part.words))
                        speakers.add(turns[-1].text, part.voice)
                done = round(endpointer.head / SAMPLE_RATE, 3)
                yield _encoded("progress", Progress(done, max(done, round(file.duration, 3))))
    except ChartsideError as error:
        yield _encoded("failed", error.problem())
        return
    labelled = tuple(msgspec.structs.replace(turn, speaker=who) for turn, who in zip(turns, speakers.labels, strict=True))
    yield _encoded("transcript", Transcript(labelled, duration=round(endpointer.head / SAMPLE_RATE, 3)))


def _utterances(file: AudioFile, endpointer: Endpointer) -> Iterator[list[Utterance]]:
    for block in file.blocks():
        yield endpointer.feed(block)
    yield endpointer.flush()


def _waited(source: _OneAtATime) -> Generator[bytes, None, list[HeardWord]]:
    while True:
        try:
            result = source.results.get(timeout=HEARTBEAT_SECONDS)
        except queue.Empty:
            yield b": beat\n\n"
            continue
        if isinstance(result, Exception):
            raise recognizer_error(result)
        return result


def _encoded(name: str, data: object) -> bytes:
    return Event(0, name, msgspec.json.encode(data)).encode()
