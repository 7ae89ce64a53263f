"""Rules that steer decoding: no loops, and a choice from a closed list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from appliance.note.decoding import Rule
from appliance.note.model import Float32, Tokens


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

    def apply(self, logits: Float32, written: Tokens) -> None:
        """See `Rule.apply`."""
        seen = [token for token in set(written[-self.window :]) if token not in self.keep]
        scores = logits[seen]
        logits[seen] = np.where(scores > 0, scores / self.penalty, scores * self.penalty)


@dataclass(frozen=True)
class NoRepeatedPhrase:
    """Forbids to write any run of `length` tokens twice (Paulus et al. 2017, arXiv 1705.04304)."""

    length: int

    def apply(self, logits: Float32, written: Tokens) -> None:
        """See `Rule.apply`."""
        head = self.length - 1
        if len(written) < head:
            return
        tail = written[len(written) - head :]
        starts = range(len(written) - head)
        logits[[written[i + head] for i in starts if written[i : i + head] == tail]] = -np.inf


class OneOf:
    """The row starts with one of several texts; what follows is free.

    Args:
        choices: Token ids of each text. None may be the start of another.
        prior: Logits `[vocabulary]` before the first token when nothing was said. They are taken off, so that the choice shows
            what was said and not what the model likes to say (contextual calibration: Zhao et al. 2021, arXiv 2102.09690).
    """

    def __init__(self, choices: Iterable[Tokens], prior: Float32 | None = None) -> None:
        self._choices = [tuple(choice) for choice in choices]
        self._prior = prior

    def apply(self, logits: Float32, written: Tokens) -> None:
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


class After:
    """A rule for what follows the opening of a row."""

    def __init__(self, opening: OneOf, rule: Rule) -> None:
        self._opening = opening
        self._rule = rule

    def apply(self, logits: Float32, written: Tokens) -> None:
        """See `Rule.apply`."""
        if length := self._opening.chosen(written):
            self._rule.apply(logits, written[length:])


class SaidWords:
    """The row consists of whole words from two lists: words that were said, and joining words.

    Words are compared by their token ids, so a word cannot be put together from pieces of others. At most two joining
    words follow each other, and neither punctuation nor the end follows one, so a row cannot fill up with them.

    Args:
        said: Token ids of every word that was said, each with the blank before it.
        joining: Token ids of every joining word, each with the blank before it.
        marks: Punctuation, allowed after a word that was said.
        stops: Tokens that end the row, allowed after a word that was said or after punctuation.
    """

    _MOST_JOINING = 2

    def __init__(self, said: Iterable[Tokens], joining: Iterable[Tokens], marks: Iterable[int], stops: Iterable[int]) -> None:
        self._root = _Node()
        self._stops = frozenset(stops)
        self._after_said = self._stops | frozenset(marks)
        for word in joining:
            self._root.add(word, is_said=False)
        for word in said:
            self._root.add(word, is_said=True)
        self._said_starts = frozenset(token for token, node in self._root.children.items() if node.leads_to_said)

    def apply(self, logits: Float32, written: Tokens) -> None:
        """See `Rule.apply`."""
        node, joining = self._root, 0
        for token in written:
            following = node.children.get(token)
            if following is None:  # the token starts the next word, or stands between words
                joining = 0 if node.is_said or node is self._root else joining + 1
                following = self._root.children.get(token, self._root)
            node = following
        allowed = set(node.children)
        if node.is_said:
            allowed |= set(self._root.children) | self._after_said
        elif node.is_word:
            allowed |= self._said_starts if joining + 1 >= self._MOST_JOINING else set(self._root.children)
        elif node is self._root:
            allowed |= self._stops if written else set()
        _keep_only(logits, sorted(allowed))


class _Node:
    """A node of the prefix tree of words."""

    def __init__(self) -> None:
        self.children: dict[int, _Node] = {}
        self.is_word = False
        self.is_said = False
        self.leads_to_said = False

    def add(self, word: Tokens, *, is_said: bool) -> None:
        """Add a word below this node."""
        node = self
        for token in word:
            node = node.children.setdefault(token, _Node())
            node.leads_to_said |= is_said
        node.is_word = True
        node.is_said |= is_said


def _keep_only(logits: Float32, allowed: list[int]) -> None:
    kept = logits[allowed]
    logits[:] = -np.inf
    logits[allowed] = kept
