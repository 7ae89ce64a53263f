"""The guard against invented text.

Whisper answers noise with words: stock phrases of subtitles, loops, sentences nobody said. Voice detection keeps most noise
away from it; what still gets through is judged here. Each rule needs more than one sign of doubt before it takes
something away, because deleting what was said is as bad as inventing what was not.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord, Segment
from appliance.speech.loudness import energies
from appliance.speech.voice import FRAME

_AUDIBLE_RMS: Final = 0.0007  # -63 dBFS: below it even a distant voice is lost in the noise of the converter
_CONVERTER_NOISE: Final = 1e-10
_FULL_SCALE: Final = FRAME * 2**30  # energy of the loudest frame
_LEAST_MODULATION: Final = (
    2.5  # dB: of speech the loudness of 32 ms frames varies by 7 and more, of a tone or hum by less than 1
)
_SILENT_NO_SPEECH: Final = 0.6
_SILENT_LOG_PROBABILITY: Final = -1.0
_LEAST_LOG_PROBABILITY: Final = -1.6
_MOST_COMPRESSION: Final = 2.4
_MOST_WORDS_PER_SECOND: Final = 9.0
_REACH_SECONDS: Final = 0.6  # how far from detected speech a word may lie: Whisper's word times are that rough
_LONGEST_LOOP: Final = 8
_REPEATS_OF_A_WORD: Final = 4  # "very, very, very" is speech
_REPEATS_OF_A_PHRASE: Final = 2
_STOCK_PHRASES: Final = frozenset({
    "bye", "bye bye", "goodbye", "i'm sorry", "so", "thank you", "thank you for watching", "thank you so much",
    "thank you so much for watching", "thank you very much", "thanks", "thanks for watching", "the end", "you",
    "please subscribe", "see you next time", "see you in the next video", "subtitles by the amara org community",
})  # fmt: skip
_SOUND_NAMES: Final = frozenset({"beep", "beeps", "boom", "buzz", "buzzing", "ding", "dong", "hum", "humming", "la", "whoosh"})
_STOCK_NO_SPEECH: Final = 0.3
_STOCK_PROBABILITY: Final = 0.6


def said_words(utterance: Utterance, segments: Sequence[Segment]) -> list[HeardWord]:
    """The words of a thorough pass that were really said.

    Args:
        utterance: The audio of the pass.
        segments: What the engine heard in it.

    Returns:
        Words in order, in seconds from the start of the utterance, inside it; empty when nobody spoke.
    """
    if not _audible(utterance):
        return []
    words = [word for segment in segments if _credible(segment) for word in segment.words if word.text]
    words = without_loops([word for word in words if _in_speech(word, utterance)])
    if _too_fast(len(words), utterance) or _invented_phrase(words, segments):
        return []
    length = len(utterance.samples) / SAMPLE_RATE
    return [replace(word, start=min(word.start, length), end=min(max(word.start, word.end), length)) for word in words]


def glimpsed_text(utterance: Utterance, segment: Segment) -> str:
    """The text of a quick pass that is worth showing: empty when there is too much doubt."""
    if not _audible(utterance) or not _credible(segment):
        return ""
    words = [HeardWord(text, 0.0, 0.0, math.exp(segment.log_probability)) for text in segment.text.split()]
    words = without_loops(words)
    if _too_fast(len(words), utterance) or _invented_phrase(words, [segment]):
        return ""
    return " ".join(word.text for word in words)


def without_loops(words: Sequence[HeardWord]) -> list[HeardWord]:
    """The words with every loop (a word more than 4 times in a row, a phrase more than twice) said once."""
    kept = list(words)
    for length in range(1, _LONGEST_LOOP + 1):
        most = _REPEATS_OF_A_WORD if length == 1 else _REPEATS_OF_A_PHRASE
        kept = _collapse(kept, length, most)
    return kept


def _collapse(words: list[HeardWord], length: int, most: int) -> list[HeardWord]:
    keys = [normal(word.text) for word in words]
    kept: list[HeardWord] = []
    at = 0
    while at < len(words):
        phrase = keys[at : at + length]
        repeats = 1
        while keys[at + repeats * length : at + (repeats + 1) * length] == phrase:
            repeats += 1
        if repeats > most:
            kept.extend(words[at : at + length])
            at += repeats * length
        else:
            kept.append(words[at])
            at += 1
    return kept


def normal(text: str) -> str:
    """A word as it is compared: lower case, without the punctuation around it."""
    return re.sub(r"^\W+|\W+$", "", text.casefold())


def _audible(utterance: Utterance) -> bool:
    """Loud enough to be heard, and changing as speech does."""
    voiced: Pcm16 = array("h")
    for first, last in utterance.voiced:
        voiced += utterance.samples[first - utterance.start : last - utterance.start]
    power = [energy / _FULL_SCALE for energy in energies(voiced if utterance.voiced else utterance.samples, FRAME)]
    if not power:
        return False
    decibels = [10 * math.log10(value + _CONVERTER_NOISE) for value in power]
    mean = fmean(decibels)
    modulation = math.sqrt(fmean((value - mean) ** 2 for value in decibels))
    return math.sqrt(max(power)) >= _AUDIBLE_RMS and modulation >= _LEAST_MODULATION


def _credible(segment: Segment) -> bool:
    silent = segment.no_speech > _SILENT_NO_SPEECH and segment.log_probability < _SILENT_LOG_PROBABILITY
    # A repetitive text may be a loop inside true speech, which `without_loops` mends; only with doubt is it all invented.
    looping = segment.compression > _MOST_COMPRESSION and segment.log_probability < _SILENT_LOG_PROBABILITY
    return not silent and not looping and segment.log_probability > _LEAST_LOG_PROBABILITY


def _in_speech(word: HeardWord, utterance: Utterance) -> bool:
    return any(
        (first - utterance.start) / SAMPLE_RATE - _REACH_SECONDS <= word.end
        and word.start <= (last - utterance.start) / SAMPLE_RATE + _REACH_SECONDS
        for first, last in utterance.voiced
    )


def _too_fast(words: int, utterance: Utterance) -> bool:
    voiced = sum(last - first for first, last in utterance.voiced) / SAMPLE_RATE
    return words > 3 + _MOST_WORDS_PER_SECOND * voiced


def _invented_phrase(words: Sequence[HeardWord], segments: Sequence[Segment]) -> bool:
    keys = [key for key in (normal(word.text) for word in words) if key]
    if all(key in _SOUND_NAMES for key in keys):
        return True
    if " ".join(keys) not in _STOCK_PHRASES:
        return False
    doubt = max(segment.no_speech for segment in segments)
    certainty = fmean(word.probability for word in words)
    return doubt > _STOCK_NO_SPEECH or certainty < _STOCK_PROBABILITY
