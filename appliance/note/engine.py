"""What writing a note asks of a language model, so that the box and the page of a tablet run the same code.

On the box `appliance.note.model` answers, with ONNX Runtime and NumPy arrays; in the page `appliance.device.engine`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, Final, Protocol, Self

PREFILL_CHUNK: Final = 128
"""Most tokens of a prompt in one call, so that a cancelled or preempted session stops soon."""

Tokens = list[int]


def float32(number: float) -> float:
    """The number as logits hold it: NumPy rounds what it computes with, plain Python does not."""
    return array("f", [number])[0]


class Scores(Protocol):
    """Logits of one row, float32 `[vocabulary]`: as much of the interface of a NumPy array as the rules need.

    A key is a token, a list of tokens, or `:`; several tokens are all set to one value.
    """

    def __getitem__(self, key: Any, /) -> Any:
        """The logit of a token."""

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Change logits."""

    def __iadd__(self, other: Any, /) -> Self:
        """Add other logits, token by token."""

    def __isub__(self, other: Any, /) -> Self:
        """Subtract other logits, token by token."""

    def __itruediv__(self, other: Any, /) -> Self:
        """Divide by a number."""

    def argmax(self) -> Any:
        """The token with the highest logit; of several, the lowest."""

    def copy(self) -> Any:
        """The same logits, to be changed."""


class Cache(Protocol):
    """Keys and values of several sequences ("rows"), each with its own length."""

    @property
    def lengths(self) -> Any:
        """Valid tokens of each row."""

    @property
    def capacity(self) -> int:
        """Tokens that fit into each row."""

    def fork(self, rows: int, capacity: int) -> Cache:
        """A cache with the first row copied `rows` times and room for `capacity` tokens per row."""

    def row(self, index: int) -> Cache:
        """One row as a cache of its own, in the same memory."""

    def drop(self, index: int) -> Cache:
        """The cache without one row: the last row takes its place, in the same memory."""


class Engine(Protocol):
    """A language model with its tokenizer. Caches are used with the engine that made them."""

    @property
    def context(self) -> int:
        """Longest sequence in tokens."""

    def encode(self, text: str) -> Tokens:
        """Token ids; control tokens such as `<|im_start|>` are recognized."""

    def encode_plain(self, text: str) -> Tokens:
        """Token ids of text that somebody said: what looks like a control token is broken up, so that it stays text."""

    def decode(self, ids: Tokens) -> str:
        """Text of token ids, without control tokens."""

    def token(self, text: str) -> int:
        """Id of a control token.

        Raises:
            BundleError: The tokenizer does not have it.
        """

    def empty_cache(self, capacity: int) -> Any:
        """A cache with one empty row."""

    def prefill(self, cache: Any, ids: Tokens) -> Scores:
        """Append up to `PREFILL_CHUNK` tokens to the only row of a cache; returns the logits after the last one."""

    def decode_step(self, cache: Any, ids: Tokens) -> Iterable[Scores]:
        """Append one token to every row; returns the logits after it, by row."""
