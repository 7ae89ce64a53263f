"""A bridge to the box's own model, so that the page's Python runs without a page."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from appliance.note.model import KeyValueCache, LanguageModel


@dataclass(frozen=True)
class BoxBlock:
    """See `appliance.device.engine.Block`."""

    values: npt.NDArray[np.float32]

    def to_memoryview(self) -> memoryview:
        """See `Block.to_memoryview`."""
        return memoryview(self.values.tobytes())


@dataclass
class BoxBridge:
    """See `appliance.device.engine.Bridge`."""

    model: LanguageModel
    memories: dict[int, KeyValueCache] = field(default_factory=dict)
    made: int = 0

    @property
    def vocabulary(self) -> int:
        """See `Bridge.vocabulary`."""
        return self.model.tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """See `Bridge.encode`."""
        return self.model.encode(text)

    def decode(self, ids: list[int]) -> str:
        """See `Bridge.decode`."""
        return self.model.decode(ids)

    def token(self, text: str) -> int:
        """See `Bridge.token`."""
        found = self.model.tokenizer.token_to_id(text)
        return -1 if found is None else found

    def allocate(self, rows: int, capacity: int) -> int:
        """See `Bridge.allocate`."""
        self.made += 1
        self.memories[self.made] = self.model.empty_cache(capacity).fork(rows, capacity)
        return self.made

    def release(self, memory: int) -> None:
        """See `Bridge.release`."""
        del self.memories[memory]

    def copy(self, source: int, source_row: int, target: int, target_row: int, length: int) -> None:
        """See `Bridge.copy`."""
        pairs = zip(self.memories[source]._tensors, self.memories[target]._tensors, strict=True)
        for old, new in pairs:
            new[target_row, :, :length] = old[source_row, :, :length]

    def run(self, memory: int, first: int, lengths: list[int], ids: list[int]) -> BoxBlock:
        """See `Bridge.run`."""
        rows = slice(first, first + len(lengths))
        tensors = [tensor[rows] for tensor in self.memories[memory]._tensors]
        cache = KeyValueCache(tensors, np.array(lengths, np.int64))
        if len(lengths) == 1:
            return BoxBlock(self.model.prefill(cache, ids))
        return BoxBlock(self.model.decode_step(cache, ids))
