"""The language model of a page: tokenizer and graph are the browser's, reached through a bridge of plain calls."""

from __future__ import annotations

import weakref
from array import array
from collections.abc import Iterable
from typing import Final, Protocol

from appliance.device.scores import ArrayScores, read_scores
from appliance.errors import BundleError, ChartsideError
from appliance.note.engine import Tokens
from appliance.note.prompts import plain


class Block(Protocol):
    """Bytes that the browser holds."""

    def to_memoryview(self) -> memoryview:
        """The bytes in Python's memory."""


class Bridge(Protocol):
    """What the worker of the page does for Python. Every call returns when its work is done.

    A memory holds keys and values of `rows` sequences with room for `capacity` tokens each; it is known by a number.
    """

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""

    def encode(self, text: str) -> Iterable[int]:
        """Token ids; control tokens are recognized."""

    def decode(self, ids: Tokens) -> str:
        """Text of token ids, without control tokens."""

    def token(self, text: str) -> int:
        """Id of a control token; -1 if there is none."""

    def allocate(self, rows: int, capacity: int) -> int:
        """A new, empty memory."""

    def release(self, memory: int) -> None:
        """Give a memory back."""

    def copy(self, source: int, source_row: int, target: int, target_row: int, length: int) -> None:
        """Copy the first `length` tokens of a row of one memory into a row of another, or of the same."""

    def run(self, memory: int, first: int, lengths: Tokens, ids: Tokens) -> Block:
        """Run the graph over the rows of a memory from `first`; keys and values are appended to them.

        Args:
            memory: Where keys and values are.
            first: The first row.
            lengths: Valid tokens of each row before the call.
            ids: The same number of new tokens for every row, row after row.

        Returns:
            Logits after the last token of each row, float32 `[rows * vocabulary]`.
        """


class _Memory:
    """A memory of the bridge, given back when nothing refers to it any more."""

    def __init__(self, bridge: Bridge, rows: int, capacity: int) -> None:
        self.bridge: Final = bridge
        self.capacity: Final = capacity
        self.number: Final = bridge.allocate(rows, capacity)
        weakref.finalize(self, bridge.release, self.number)


class PageCache:
    """Keys and values of some rows of a memory. See `appliance.note.engine.Cache`."""

    def __init__(self, memory: _Memory, first: int, lengths: memoryview[int]) -> None:
        self.lengths: Final = lengths
        """int64 `[rows]`, shared with the caches that are views of the same rows."""
        self.first: Final = first
        self.memory: Final = memory

    @classmethod
    def new(cls, bridge: Bridge, rows: int, capacity: int) -> PageCache:
        """A cache with empty rows."""
        return cls(_Memory(bridge, rows, capacity), 0, memoryview(array("q", [0] * rows)))

    @property
    def rows(self) -> int:
        """Number of sequences."""
        return len(self.lengths)

    @property
    def capacity(self) -> int:
        """Tokens that fit into each row."""
        return self.memory.capacity

    def fork(self, rows: int, capacity: int) -> PageCache:
        """See `Cache.fork`."""
        bridge, length = self.memory.bridge, self.lengths[0]
        copy = PageCache.new(bridge, rows, capacity)
        for row in range(rows):
            bridge.copy(self.memory.number, self.first, copy.memory.number, row, length)
            copy.lengths[row] = length
        return copy

    def row(self, index: int) -> PageCache:
        """See `Cache.row`."""
        return PageCache(self.memory, self.first + index, self.lengths[index : index + 1])

    def drop(self, index: int) -> PageCache:
        """See `Cache.drop`."""
        last = self.rows - 1
        if index != last:
            number, length = self.memory.number, self.lengths[last]
            self.memory.bridge.copy(number, self.first + last, number, self.first + index, length)
            self.lengths[index] = length
        return PageCache(self.memory, self.first, self.lengths[:last])


class PageEngine:
    """A language model behind a bridge. See `appliance.note.engine.Engine`.

    Args:
        bridge: The worker of the page.
        context: Longest sequence in tokens.
    """

    def __init__(self, bridge: Bridge, context: int) -> None:
        self.context: Final = context
        self._bridge = bridge

    def encode(self, text: str) -> Tokens:
        """See `Engine.encode`."""
        return list(self._bridge.encode(text))

    def encode_plain(self, text: str) -> Tokens:
        """See `Engine.encode_plain`."""
        return self.encode(plain(text))

    def decode(self, ids: Tokens) -> str:
        """See `Engine.decode`."""
        return self._bridge.decode(ids)

    def token(self, text: str) -> int:
        """See `Engine.token`."""
        found = self._bridge.token(text)
        if found < 0:
            raise BundleError(f"The tokenizer has no token {text}.", hint="Load the models from the box again.")
        return found

    def empty_cache(self, capacity: int) -> PageCache:
        """See `Engine.empty_cache`."""
        return PageCache.new(self._bridge, 1, capacity)

    def prefill(self, cache: PageCache, ids: Tokens) -> ArrayScores:
        """See `Engine.prefill`."""
        return self._run(cache, ids)[0]

    def decode_step(self, cache: PageCache, ids: Tokens) -> list[ArrayScores]:
        """See `Engine.decode_step`."""
        return self._run(cache, ids)

    def _run(self, cache: PageCache, ids: Tokens) -> list[ArrayScores]:
        try:
            scores = self._bridge.run(cache.memory.number, cache.first, list(cache.lengths), ids)
        except Exception as error:
            # What the browser says with a hint, such as that the GPU is gone, is meant for people.
            hint = getattr(error, "hint", "")
            if not hint:
                raise
            raise ChartsideError(getattr(error, "message", str(error)), hint=hint) from error
        for row in range(cache.rows):
            cache.lengths[row] += len(ids) // cache.rows
        return read_scores(scores.to_memoryview().cast("B")).rows(self._bridge.vocabulary)
