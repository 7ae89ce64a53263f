"""When each word of a text was said, as faster-whisper tells it (`find_alignment`, `add_word_timestamps`; MIT licence).

Attention of some heads follows the audio. The path through it that is never behind (dynamic time warping) says where each token
begins; words whose length makes no sense are cut where sentences and segments end.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Protocol

from appliance.device.engine import Block
from appliance.device.vocabulary import Vocabulary

_FRAMES_PER_SECOND: Final = 100
_FRAMES_PER_PLACE: Final = 2
_PLACES_PER_SECOND: Final = _FRAMES_PER_SECOND // _FRAMES_PER_PLACE
_FEWEST_PLACES: Final = 4
_SENTENCE_ENDS: Final = ".。!！?？"  # noqa: RUF001
_BEFORE: Final = "\"'“¿([{-"
_AFTER: Final = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001
_LONGEST_MEDIAN: Final = 0.7
_BOTH, _DOWN, _ALONG = range(3)
"""Steps of a path: to the next row and column, to the next row, to the next column."""


class Aligner(Protocol):
    """The part of the bridge that word times need."""

    def align(self, audio: int, ids: Sequence[int], targets: Sequence[int], content: int) -> Block:
        """Read a whole text along with the audio.

        Args:
            audio: What is heard.
            ids: The text with its control tokens.
            targets: What follows each of them.
            content: Places (20 ms) that hold audio, at least 4.

        Returns:
            float32: a probability of every target, then for every one of `ids` `content` weights.
        """


@dataclass(frozen=True)
class Window:
    """A part of some audio that was encoded."""

    audio: int
    """Its number."""
    first: int
    """First frame (10 ms) of the audio."""
    frames: int
    """Frames that hold audio."""


@dataclass(frozen=True)
class TimedWord:
    """A word with its blank, in seconds from the start of the window or of the pass."""

    word: str
    tokens: tuple[int, ...]
    start: float
    end: float
    probability: float


@dataclass
class Stretch:
    """A segment of the text: its tokens, its time by timestamps, and its words once they are known."""

    start: float
    end: float
    tokens: tuple[int, ...]
    words: tuple[TimedWord, ...] = ()


def place_words(
    aligner: Aligner, vocabulary: Vocabulary, window: Window, stretches: Sequence[Stretch], *, spoken_to: float
) -> None:
    """Give every stretch its words, and times that agree with them.

    Args:
        aligner: The model.
        vocabulary: Of the model.
        window: What was heard.
        stretches: All of the window.
        spoken_to: Where the last word before the window ends.
    """
    texts = [tuple(token for token in stretch.tokens if token < vocabulary.end) for stretch in stretches]
    words = _aligned(aligner, vocabulary, window, [token for text in texts for token in text])
    lengths = [word.end - word.start for word in words if word.end != word.start]
    usual = min(_LONGEST_MEDIAN, median(lengths)) if lengths else 0.0
    if lengths:
        words = _cut_at_sentences(words, 2 * usual)
    words = _with_punctuation(words)
    offset = window.first / _FRAMES_PER_SECOND
    at = 0
    for stretch, text in zip(stretches, texts, strict=True):
        found: list[TimedWord] = []
        tokens = 0
        while at < len(words) and tokens < len(text):
            word = words[at]
            if word.word:
                found.append(replace(word, start=round(offset + word.start, 2), end=round(offset + word.end, 2)))
            tokens += len(word.tokens)
            at += 1
        if found:
            spoken_to = _fit(stretch, found, usual, spoken_to)
        stretch.words = tuple(found)


def _aligned(aligner: Aligner, vocabulary: Vocabulary, window: Window, text: list[int]) -> list[TimedWord]:
    words = vocabulary.words(text)
    if not words:
        return []
    ids = [vocabulary.start, vocabulary.no_timestamps, *text, vocabulary.end]
    content = max(_FEWEST_PLACES, window.frames // _FRAMES_PER_PLACE)
    numbers = array("f")
    numbers.frombytes(aligner.align(window.audio, ids, [*ids[1:], 0], content).to_memoryview().cast("B"))
    probabilities = numbers[1 : 1 + len(text)]
    # Of the first control token nothing is asked, and what stands before the end begins where it is said.
    rows = [numbers[at : at + content] for at in range(len(ids) + content, len(numbers) - content, content)]
    begins = [place / _PLACES_PER_SECOND for place in _begins(rows)]
    timed = []
    at = 0
    for word in words:
        to = at + len(word.tokens)
        probability = sum(probabilities[at:to]) / len(word.tokens)
        timed.append(TimedWord(word.text, word.tokens, begins[at], begins[to], probability))
        at = to
    return timed


def _begins(weights: Sequence[array[float]]) -> list[int]:
    """Where each row begins on the path of the greatest weight, which goes forward in rows and columns."""
    columns = len(weights[0])
    before = [0.0, *[float("inf")] * columns]
    steps: list[bytearray] = []
    for row in weights:
        now = [float("inf")]
        step = bytearray([_DOWN])
        left = now[0]
        diagonal = before[0]
        for above, weight in zip(before[1:], row, strict=True):
            if diagonal < above and diagonal < left:
                left = diagonal - weight
                step.append(_BOTH)
            elif above < diagonal and above < left:
                left = above - weight
                step.append(_DOWN)
            else:
                left -= weight
                step.append(_ALONG)
            now.append(left)
            diagonal = above
        before = now
        steps.append(step)
    begins = [0] * len(weights)
    row_at, column = len(weights), columns
    while row_at > 0 and column > 0:
        begins[row_at - 1] = column - 1
        taken = steps[row_at - 1][column]
        row_at -= taken != _ALONG
        column -= taken != _DOWN
    return begins


def _cut_at_sentences(words: list[TimedWord], longest: float) -> list[TimedWord]:
    cut = list(words)
    for at in range(1, len(cut)):
        if cut[at].end - cut[at].start > longest:
            if cut[at].word in _SENTENCE_ENDS:
                cut[at] = replace(cut[at], end=cut[at].start + longest)
            elif cut[at - 1].word in _SENTENCE_ENDS:
                cut[at] = replace(cut[at], start=cut[at].end - longest)
    return cut


def _with_punctuation(words: list[TimedWord]) -> list[TimedWord]:
    """Punctuation belongs to the word after or before it; where it stood, an empty word is left."""
    joined = list(words)
    at = len(joined) - 1
    for before in range(len(joined) - 2, -1, -1):
        mark = joined[before]
        if mark.word.startswith(" ") and mark.word.strip() in _BEFORE:
            joined[at] = replace(joined[at], word=mark.word + joined[at].word, tokens=mark.tokens + joined[at].tokens)
            joined[before] = replace(mark, word="", tokens=())
        else:
            at = before
    at = 0
    for after in range(1, len(joined)):
        mark = joined[after]
        if not joined[at].word.endswith(" ") and mark.word in _AFTER:
            joined[at] = replace(joined[at], word=joined[at].word + mark.word, tokens=joined[at].tokens + mark.tokens)
            joined[after] = replace(mark, word="", tokens=())
        else:
            at = after
    return joined


def _fit(stretch: Stretch, words: list[TimedWord], usual: float, spoken_to: float) -> float:
    """Make the times of a stretch and of its outer words agree; returns where it ends."""
    longest = 2 * usual
    first = words[0]
    second = words[1] if len(words) > 1 else None
    both = second is not None and second.end - first.start > longest + longest
    if first.end - spoken_to > 4 * usual and (first.end - first.start > longest or both):
        if second and second.end - second.start > longest:
            boundary = max(second.end / 2, second.end - longest)
            first = replace(first, end=boundary)
            words[1] = replace(second, start=boundary)
        first = replace(first, start=max(0.0, first.end - longest))
    if stretch.start < first.end and stretch.start - 0.5 > first.start:
        first = replace(first, start=max(0.0, min(first.end - usual, stretch.start)))
    else:
        stretch.start = first.start
    words[0] = first
    last = words[-1]
    if stretch.end > last.start and stretch.end + 0.5 < last.end:
        words[-1] = replace(last, end=max(last.start + usual, stretch.end))
    else:
        stretch.end = last.end
    return stretch.end
