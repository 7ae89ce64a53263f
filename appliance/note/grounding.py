"""Grounded decoding: a number, unit, drug, side or date that was not said cannot be written.

The rows of a batch are decoded greedily, so the mask over the logits need not be computed for the whole vocabulary: the best
token is struck out as long as it would state something unsaid. The outcome is that of the complete mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from appliance.note.engine import Scores, Tokens
from appliance.note.said import Said

_MOST_TRIES: Final = 1000
"""Tokens struck out in one step before the row is ended; the sentence that it breaks off is not kept."""


class Grounding:
    """The last rule of a row: what it writes was said.

    Args:
        said: What may be stated.
        decode: Text of token ids.
        stops: Tokens that end the row or a line of it.
        end: The token that ends the row.
    """

    def __init__(self, said: Said, decode: Callable[[Tokens], str], stops: Iterable[int], end: int) -> None:
        self.said: Final = said
        self._decode = decode
        self._stops = frozenset(stops)
        self._end = end

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        before = self._decode(written)
        for _ in range(_MOST_TRIES):
            best = int(logits.argmax())
            if logits[best] == -math.inf:
                break
            if best in self._stops:
                allowed = self.said.allows_finished(before, len(before))
            else:
                allowed = self.said.allows(self._decode([*written, best]), len(before))
            if allowed:
                return
            logits[best] = -math.inf
        logits[:] = -math.inf
        logits[self._end] = 0.0
