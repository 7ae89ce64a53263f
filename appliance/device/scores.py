"""Logits without NumPy, which the page does not have."""

from __future__ import annotations

from array import array
from typing import Final, Self


class ArrayScores:
    """Logits of one row in an array of the standard library. See `appliance.note.engine.Scores`.

    Args:
        values: float32 `[vocabulary]`.
    """

    def __init__(self, values: array[float]) -> None:
        self._values: Final = values

    def __getitem__(self, token: int) -> float:
        """The logit of a token."""
        return self._values[token]

    def __setitem__(self, key: int | list[int] | slice, value: float) -> None:
        """Set one token, several, or all."""
        if isinstance(key, slice):
            self._values[key] = array("f", [value]) * len(self._values[key])
        else:
            for token in [key] if isinstance(key, int) else key:
                self._values[token] = value

    def __iadd__(self, other: ArrayScores) -> Self:
        """Add other logits, token by token."""
        self._values[:] = array("f", map(float.__add__, self._values, other._values))
        return self

    def __isub__(self, other: ArrayScores) -> Self:
        """Subtract other logits, token by token."""
        self._values[:] = array("f", map(float.__sub__, self._values, other._values))
        return self

    def __itruediv__(self, divisor: float) -> Self:
        """Divide by a number."""
        self._values[:] = array("f", (value / divisor for value in self._values))
        return self

    def argmax(self) -> int:
        """The token with the highest logit; of several, the lowest."""
        return self._values.index(max(self._values))

    def copy(self) -> ArrayScores:
        """The same logits, to be changed."""
        return ArrayScores(self._values[:])

    def rows(self, vocabulary: int) -> list[ArrayScores]:
        """Logits `[rows * vocabulary]`, row by row."""
        starts = range(0, len(self._values), vocabulary)
        return [ArrayScores(self._values[start : start + vocabulary]) for start in starts]


def read_scores(data: memoryview) -> ArrayScores:
    """Logits from the bytes of float32 numbers."""
    values = array("f")
    values.frombytes(data)
    return ArrayScores(values)
