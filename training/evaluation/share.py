"""How many of how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec


class Share(msgspec.Struct, frozen=True):
    """How many of how many."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """0.0 to 1.0; 1.0 of nothing."""
        return self.found / self.of if self.of else 1.0


def shares(counted: Counter[tuple[str, bool]]) -> dict[str, Share]:
    """What was counted as found or not, by kind."""
    kinds = sorted({kind for kind, _ in counted})
    return {kind: Share(counted[kind, True], counted[kind, True] + counted[kind, False]) for kind in kinds}


def together(several: Iterable[Share]) -> Share:
    """The share of several counts taken together."""
    counts = list(several)
    return Share(sum(share.found for share in counts), sum(share.of for share in counts))
