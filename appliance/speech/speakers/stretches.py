"""Where in an utterance another person may have begun to speak.

Endpointing joins a quick question and its answer: over the sample visits four of ten utterances held both voices, always with a
pause of 0.29 s or more between them and nearly always after a sentence that the recognizer had ended. There it is cut
into stretches; those of one voice are joined again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord

_PAUSE: Final = int(0.2 * SAMPLE_RATE)
_REACH_SECONDS: Final = 0.6  # the recognizer's word times are that rough
_INSIDE_SENTENCE: Final = 0.3
_SENTENCE_ENDS: Final = (".", "?", "!")


@dataclass(frozen=True)
class Stretch:
    """Words that were said without a pause in which the speaker could have changed."""

    words: tuple[HeardWord, ...]
    """At least one, in seconds from the start of the utterance."""
    end: int
    """Sample of the recording after the last one."""
    speech: Pcm16
    """Without the pauses, at least one sample."""


def stretches(utterance: Utterance, words: Sequence[HeardWord]) -> list[Stretch]:
    """Cut an utterance in the pauses between its sentences.

    Args:
        utterance: The audio.
        words: Its words, at least one.

    Returns:
        Stretches in order; together they hold all the words.
    """
    cuts = [(0, utterance.start), *sorted(_cuts(utterance, words).items()), (len(words), utterance.end)]
    return [
        Stretch(_inside(utterance, words[first:last], start, end), end, _speech(utterance, start, end))
        for (first, start), (last, end) in pairwise(cuts)
    ]


def _inside(utterance: Utterance, words: Sequence[HeardWord], start: int, end: int) -> tuple[HeardWord, ...]:
    """The words with their times between two samples: the pause is where it was heard, not where the recognizer put it."""
    first, last = ((at - utterance.start) / SAMPLE_RATE for at in (start, end))
    return tuple(replace(word, start=min(max(word.start, first), last), end=min(max(word.end, first), last)) for word in words)


def _cuts(utterance: Utterance, words: Sequence[HeardWord]) -> dict[int, int]:
    """Number of the word after each cut, and its sample; both rise together."""
    cuts: dict[int, int] = {}
    last = 0
    for pause in _pauses(utterance):
        at = (pause - utterance.start) / SAMPLE_RATE
        distances = [(_distance(words, number, at), number) for number in range(last + 1, len(words))]
        distance, number = min(distances, default=(_REACH_SECONDS, 0))
        if distance < _REACH_SECONDS:
            cuts[number] = pause
            last = number
    return cuts


def _distance(words: Sequence[HeardWord], number: int, at: float) -> float:
    """Seconds between a pause and the place before a word; more where no sentence ends."""
    before, after = words[number - 1], words[number]
    distance = min(abs(before.end - at), abs(after.start - at))
    return distance if before.text.endswith(_SENTENCE_ENDS) else distance + _INSIDE_SENTENCE


def _pauses(utterance: Utterance) -> Iterator[int]:
    for (_, end), (start, _) in pairwise(utterance.voiced):
        if start - end >= _PAUSE:
            yield (start + end) // 2


def _speech(utterance: Utterance, start: int, end: int) -> Pcm16:
    voiced = [(max(start, first), min(end, last)) for first, last in utterance.voiced]
    spans = [(first, last) for first, last in voiced if last > first] or [(start, end)]
    speech: Pcm16 = array("h")
    for first, last in spans:
        speech += utterance.samples[first - utterance.start : last - utterance.start]
    return speech
