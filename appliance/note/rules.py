"""Rules that steer decoding: no loops, a choice from a closed list, nothing but what was said."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.note.decoding import Rule
from appliance.note.engine import Scores, Tokens, float32


@dataclass(frozen=True)
class RepetitionPenalty:
    """Lowers the logits of tokens the row has written already (Keskar et al. 2019, arXiv 1909.05858).

    Attributes:
        penalty: Divides positive and multiplies negative logits; 1.0 changes nothing.
        keep: Tokens that are never penalized, such as punctuation.
        window: How many of the last written tokens count.
    """

    penalty: float
    keep: frozenset[int] = frozenset()
    window: int = 64

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        penalty = float32(self.penalty)
        for token in set(written[-self.window :]) - self.keep:
            score = logits[token]
            logits[token] = score / penalty if score > 0 else score * penalty


@dataclass(frozen=True)
class NoRepeatedPhrase:
    """Forbids to write any run of `length` tokens twice (Paulus et al. 2017, arXiv 1705.04304)."""

    length: int

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        head = self.length - 1
        if len(written) < head:
            return
        tail = written[len(written) - head :]
        starts = range(len(written) - head)
        logits[[written[i + head] for i in starts if written[i : i + head] == tail]] = -math.inf


class OneOf:
    """The row starts with one of several texts; what follows is free.

    Args:
        choices: Token ids of each text. None may be the start of another.
        prior: Logits `[vocabulary]` before the first token when nothing was said. They are taken off, so that the choice shows
            what was said and not what the model likes to say (contextual calibration: Zhao et al. 2021, arXiv 2102.09690).
    """

    def __init__(self, choices: Iterable[Tokens], prior: Scores | None = None) -> None:
        self._choices = [tuple(choice) for choice in choices]
        self._prior = prior

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        so_far = tuple(written)
        allowed = [
            choice[len(so_far)] for choice in self._choices if len(choice) > len(so_far) and choice[: len(so_far)] == so_far
        ]
        if not allowed:
            return
        if self._prior is not None and not written:
            logits -= self._prior
        _keep_only(logits, allowed)

    def chosen(self, written: Tokens) -> int:
        """How many of the written tokens are the chosen text; 0 while it is not complete."""
        return next((len(choice) for choice in self._choices if tuple(written[: len(choice)]) == choice), 0)


class TopicLines:
    """The row consists of lines, each starting with one of several topics, or is one closing text alone.

    Topics come in the order given, each at most once.

    Args:
        topics: Token ids of each topic with its colon. None may be the start of another.
        nothing: Token ids of the text that says there is nothing to write.
        newline: The token between lines.
        stops: Tokens that end the row.
        reluctance: Logits taken off `nothing`. A line too many is crossed out; one too few is missed.
    """

    def __init__(
        self, topics: Iterable[Tokens], nothing: Tokens, newline: int, stops: Iterable[int], *, reluctance: float = 0.0
    ) -> None:
        self._topics = [tuple(topic) for topic in topics]
        self._nothing = tuple(nothing)
        self._newline = newline
        self._stops = sorted(stops)
        self._reluctance = float32(reluctance)

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        if not written:
            logits[self._nothing[0]] -= self._reluctance
        breaks = [n for n, token in enumerate(written) if token == self._newline]
        part = tuple(written[breaks[-1] + 1 :] if breaks else written)
        choices = self._later(written[: breaks[-1]]) if breaks else [*self._topics, self._nothing]
        opened = next((len(choice) for choice in choices if part[: len(choice)] == choice), 0)
        if not opened:
            _keep_only(logits, sorted({choice[len(part)] for choice in choices if choice[: len(part)] == part}))
        elif part == self._nothing and not breaks:
            _keep_only(logits, self._stops)
        elif opened == len(part):
            # A topic without a text would say nothing.
            logits[[*self._stops, self._newline]] = -math.inf
        elif not self._later([*written]):
            logits[self._newline] = -math.inf

    def _later(self, written: Tokens) -> list[tuple[int, ...]]:
        """The topics after the one of the last line."""
        breaks = [n for n, token in enumerate(written) if token == self._newline]
        line = tuple(written[breaks[-1] + 1 :] if breaks else written)
        last = next((n for n, topic in enumerate(self._topics) if line[: len(topic)] == topic), -1)
        return self._topics[last + 1 :]


class After:
    """A rule for what follows the opening of a row."""

    def __init__(self, opening: OneOf, rule: Rule) -> None:
        self._opening = opening
        self._rule = rule

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        if length := self._opening.chosen(written):
            self._rule.apply(logits, written[length:])


class SaidSentences:
    """The row consists of whole sentences from a list, each at most once.

    Sentences are followed token by token, so nothing can be put together from pieces of several.

    Args:
        sentences: Token ids of every sentence, at least one.
        most: Most sentences of the row.
        stops: Tokens that end the row, allowed after a sentence.
    """

    def __init__(self, sentences: Iterable[Tokens], most: int, stops: Iterable[int]) -> None:
        whole = {tuple(sentence) for sentence in sentences}
        # Where one sentence is the start of another, only the longer one is kept: its end is then never in doubt.
        self._sentences = sorted(s for s in whole if not any(len(t) > len(s) and t[: len(s)] == s for t in whole))
        self._most = most
        self._stops = sorted(stops)

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        unused, begun = list(self._sentences), 0
        for end in range(1, len(written) + 1):
            if (sentence := tuple(written[begun:end])) in unused:
                unused.remove(sentence)
                begun = end
        part = tuple(written[begun:])
        complete = len(self._sentences) - len(unused)
        if part or complete < self._most:
            allowed = {sentence[len(part)] for sentence in unused if sentence[: len(part)] == part}
        else:
            allowed = set()
        if not part and complete:
            allowed.update(self._stops)
        _keep_only(logits, sorted(allowed))

    @property
    def longest(self) -> int:
        """Most tokens that the row can have."""
        return sum(sorted((len(sentence) for sentence in self._sentences), reverse=True)[: self._most])


def _keep_only(logits: Scores, allowed: list[int]) -> None:
    kept = [(token, logits[token]) for token in allowed]
    logits[:] = -math.inf
    for token, score in kept:
        logits[token] = score
