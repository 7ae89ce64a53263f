"""What of a text in progress can be trusted: agreement between two successive passes (LocalAgreement-2)."""

from __future__ import annotations

from itertools import takewhile

from appliance.speech.guard import normal


class Agreement:
    """The growing text of one open utterance. What was agreed on never changes until the final pass."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._last: list[str] = []

    @property
    def stable(self) -> str:
        """Words that two successive passes agreed on."""
        return " ".join(self._stable)

    @property
    def tentative(self) -> str:
        """Words of the last pass after the stable ones."""
        return " ".join(self._last[len(self._stable) :])

    def add(self, text: str) -> None:
        """Add a pass.

        Args:
            text: What the pass heard from the start of the utterance.
        """
        words = text.split()
        same = sum(1 for _ in takewhile(_equal, zip(self._last, words, strict=False)))
        # The last word of a pass ends where the audio ended: it may be half a word, and the stop after it is a guess.
        same = min(same, max(0, len(self._last) - 1), max(0, len(words) - 1))
        self._stable += words[len(self._stable) : same]
        self._last = words


def _equal(pair: tuple[str, str]) -> bool:
    return normal(pair[0]) == normal(pair[1])
