"""One live session: chunks in, partial and final turns out."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Sequence

import msgspec

from appliance.audio import SAMPLE_RATE
from appliance.errors import ChartsideError
from appliance.heard_events import ChangedSpeakers, CommittedGap, FinalTurn, Finished, PartialText, TurnSpeaker
from appliance.runtime.events import EventLog
from appliance.speech.agreement import Agreement
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import HeardWord, SpeechEngine
from appliance.speech.guard import glimpsed_text, said_words
from appliance.speech.intake import Hole, Intake, Receipt
from appliance.speech.rota import Pass
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.parts import Part
from appliance.speech.voice import Listen
from appliance.transcript import Gap, Speaker, Turn, Word


class LiveSession:
    """Transcribes one recording while it arrives.

    Chunks come from request threads, passes run where the rota is served.

    Args:
        first_sample: Position in the recording from which audio will come.
        max_samples: Longest recording in samples.
        listen: Begins voice detection afresh.
        speakers: Labels the turns and knows those before `first_sample`.
    """

    def __init__(self, first_sample: int, max_samples: int, listen: Listen, speakers: SpeakerLabels) -> None:
        self.events = EventLog()
        self._listen = listen
        self._speakers = speakers
        self._told: list[Speaker] = ["unknown"] * len(self._speakers.labels)
        self._tell_changes()
        self._lock = threading.Lock()
        self._intake = Intake(first_sample, max_samples)
        self._endpointer = Endpointer(listen, first_sample)
        self._decided: deque[Utterance | Hole | Finished] = deque()
        self._agreement = Agreement()
        self._agreement_start = -1
        self._glimpsed_to = first_sample

    def put(self, number: int, body: bytes) -> Receipt:
        """Take one chunk; see `Intake.accept` for the errors."""
        with self._lock:
            self._decided.extend(self._endpointer.feed(self._intake.accept(number, body)))
            return self._intake.receipt

    def finish(self, chunks: int, samples: int | None) -> None:
        """Declare the end; see `Intake.finish` for the errors."""
        with self._lock:
            already = self._intake.finished
            for piece in self._intake.finish(chunks, samples):
                if isinstance(piece, Hole):
                    self._decided.extend(self._endpointer.flush())
                    self._decided.append(piece)
                    self._endpointer = Endpointer(self._listen, piece.end)
                else:
                    self._decided.extend(self._endpointer.feed(piece))
            if not already:
                self._decided.extend(self._endpointer.flush())
                self._endpointer = Endpointer(self._listen, self._intake.end)
                self._decided.append(Finished(self._intake.end / SAMPLE_RATE))

    @property
    def speaking(self) -> bool:
        """Somebody speaks right now."""
        with self._lock:
            return self._endpointer.open_utterance() is not None

    def final_pass(self) -> Pass | None:
        """The pass over the next utterance that has ended."""
        with self._lock:
            while self._decided:
                decided = self._decided.popleft()
                if isinstance(decided, Utterance):
                    return functools.partial(self._finalize, decided)
                self._publish(decided)
        return None

    def quick_pass(self, interval: float) -> Pass | None:
        """A pass over what is being said right now."""
        with self._lock:
            utterance = self._endpointer.open_utterance()
            if utterance is None:
                return None
            if utterance.start != self._agreement_start:
                self._agreement, self._agreement_start = Agreement(), utterance.start
                self._glimpsed_to = utterance.start
            if utterance.end - self._glimpsed_to < interval * SAMPLE_RATE:
                return None
            self._glimpsed_to = utterance.end
        return functools.partial(self._glimpse, utterance)

    def fail(self, error: Exception) -> None:
        """Tell the readers that the session cannot go on, and why."""
        self.events.publish("failed", recognizer_error(error).problem())
        self.events.close()

    def _finalize(self, utterance: Utterance, engine: SpeechEngine) -> None:
        words = said_words(utterance, engine.transcribe(utterance.samples))
        if words:
            for part in self._speakers.parts(utterance, words):
                self._publish_turn(turn_of(utterance, part.words), part)
        else:
            # Nobody spoke after all: take back what a quick pass may have shown.
            at = utterance.start / SAMPLE_RATE
            self.events.publish("partial", PartialText(at, at, "", ""), volatile=True)

    def _publish_turn(self, turn: Turn, part: Part) -> None:
        self._speakers.add(turn.text, part.voice)
        speaker = self._speakers.labels[-1]
        self._told.append(speaker)
        labelled = msgspec.structs.replace(turn, speaker=speaker)
        self.events.publish("final", FinalTurn(labelled, part.end, part.voice), key="partial")
        self._tell_changes()

    def _tell_changes(self) -> None:
        labels = self._speakers.labels
        pairs = enumerate(zip(labels, self._told, strict=True))
        changed = tuple(TurnSpeaker(n, speaker) for n, (speaker, told) in pairs if speaker != told)
        self._told = list(labels)
        if changed:
            self.events.publish("speakers", ChangedSpeakers(changed))

    def _glimpse(self, utterance: Utterance, engine: SpeechEngine) -> None:
        segment = engine.glimpse(utterance.samples)
        text = glimpsed_text(utterance, segment)
        if not text:
            return
        self._agreement.add(text)
        start, end = utterance.start / SAMPLE_RATE, utterance.end / SAMPLE_RATE
        partial = PartialText(start, end, self._agreement.stable, self._agreement.tentative)
        self.events.publish("partial", partial, volatile=True)

    def _publish(self, decided: Hole | Finished) -> None:
        if isinstance(decided, Hole):
            gap = Gap(decided.start / SAMPLE_RATE, decided.end / SAMPLE_RATE)
            self.events.publish("gap", CommittedGap(gap, decided.end), key="partial")
        else:
            self.events.publish("finished", decided, key="partial")
            self.events.close()


def turn_of(utterance: Utterance, words: Sequence[HeardWord]) -> Turn:
    """The words of an utterance, at least one, as a turn with times from the start of the recording."""
    offset = utterance.start / SAMPLE_RATE
    placed = tuple(
        Word(w.text, round(offset + w.start, 3), round(offset + w.end, 3), min(1.0, max(0.0, round(w.probability, 4))))
        for w in words
    )
    return Turn(" ".join(w.text for w in placed), placed[0].start, placed[-1].end, placed)


def recognizer_error(error: Exception) -> ChartsideError:
    """An error of the engine as one that can be shown; of an unexpected one only that it happened: its text may hold speech."""
    if isinstance(error, ChartsideError):
        return error
    return ChartsideError("The recognizer failed.", hint="Replay the recording; if it fails again, run `chartside doctor`.")
