"""The language model: one ONNX Runtime session, a tokenizer, and caches of keys and values that calls update in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Tokenizer

from appliance.errors import BundleError, ChartsideError
from appliance.note.engine import Tokens
from appliance.note.prompts import plain
from appliance.runtime.providers.plan import CPU, CPU_PROVIDER, Provider

Float32 = npt.NDArray[np.float32]
Failed = Callable[[Exception], None]
"""Told that loading or a call failed on another provider than the CPU."""


def _ignore(_error: Exception) -> None:
    """Leave it to whoever catches the error."""


class KeyValueCache:
    """Keys and values of several sequences ("rows"), each with its own length.

    Attributes:
        lengths: Valid tokens of each row, int64 `[rows]`.
    """

    def __init__(self, tensors: list[Float32], lengths: npt.NDArray[np.int64]) -> None:
        self.lengths = lengths
        self._tensors = tensors
        # On the CPU an OrtValue made from an array shares its memory: calls write straight into the arrays.
        self.values = [ort.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors]

    @property
    def rows(self) -> int:
        """Number of sequences."""
        return len(self.lengths)

    @property
    def capacity(self) -> int:
        """Tokens that fit into each row."""
        return int(self._tensors[0].shape[2])

    def fork(self, rows: int, capacity: int) -> KeyValueCache:
        """A cache with the first row copied `rows` times and room for `capacity` tokens per row."""
        length = int(self.lengths[0])
        tensors = []
        for tensor in self._tensors:
            copy = np.zeros((rows, tensor.shape[1], capacity, tensor.shape[3]), np.float32)
            copy[:, :, :length] = tensor[:1, :, :length]
            tensors.append(copy)
        return KeyValueCache(tensors, np.full(rows, length, np.int64))

    def row(self, index: int) -> KeyValueCache:
        """One row as a cache of its own, in the same memory."""
        return KeyValueCache([tensor[index : index + 1] for tensor in self._tensors], self.lengths[index : index + 1])

    def drop(self, index: int) -> KeyValueCache:
        """The cache without one row: the last row takes its place, in the same memory."""
        last = self.rows - 1
        if index != last:
            length = self.lengths[last]
            for tensor in self._tensors:
                tensor[index, :, :length] = tensor[last, :, :length]
            self.lengths[index] = length
        return KeyValueCache([tensor[:last] for tensor in self._tensors], self.lengths[:last])


class LanguageModel:
    """A Llama graph written by `appliance.models.graph`.

    Args:
        directory: Holds `model.onnx`, its data file and `tokenizer.json`.
        threads: Threads of one call; 0 means one per core.
        context: Longest sequence in tokens.
        providers: Execution providers in order of preference. The caches stay in the memory of the machine, whichever it is.
        failed: Called when loading or a call fails on another provider than the CPU.
        profile: Prefix of the file that ONNX Runtime writes about every node it runs; None writes none.

    Raises:
        BundleError: The files are missing or are not such a graph.
        ChartsideError: ONNX Runtime did not start the first provider; it would run another one instead.
    """

    def __init__(
        self,
        directory: Path,
        *,
        threads: int,
        context: int,
        providers: Sequence[Provider] = tuple(CPU.providers),
        failed: Failed = _ignore,
        profile: str | None = None,
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between calls would take the cores that the speech service needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        self._failed = _ignore if providers[0][0] == CPU_PROVIDER else failed
        try:
            self._session = ort.InferenceSession(directory / "model.onnx", options, providers=list(providers))
            self.tokenizer: Final = Tokenizer.from_file(str(directory / "tokenizer.json"))
        except Exception as error:  # onnxruntime and tokenizers raise bare Exception subclasses
            self._failed(error)
            message = f"The note model in {directory} cannot be loaded ({type(error).__name__})."
            raise BundleError(message, hint="Run `chartside models build` to make the bundle again.") from error
        self.providers: Final[list[str]] = self._session.get_providers()
        if self.providers[0] != providers[0][0]:
            message = f"ONNX Runtime did not start {providers[0][0]} and would run {self.providers[0]} instead."
            fault = ChartsideError(message, hint="Run `chartside doctor --probe`.")
            self._failed(fault)
            raise fault
        caches = [node for node in self._session.get_inputs() if node.name.startswith("past.")]
        self._names = [node.name.removeprefix("past.") for node in caches]
        self._cache_shape = (caches[0].shape[1], caches[0].shape[3])
        self.context: Final = context

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        threads: int,
        context: int,
        providers: Sequence[Provider] = tuple(CPU.providers),
        failed: Failed = _ignore,
    ) -> Self:
        """Load the model and run it once, so that the first visit does not pay for it."""
        model = cls(directory, threads=threads, context=context, providers=providers, failed=failed)
        model.prefill(model.empty_cache(8), [0])
        return model

    def end_profile(self) -> str:
        """End the profile and return its file."""
        path: str = self._session.end_profiling()
        return path

    def encode(self, text: str) -> Tokens:
        """Token ids; control tokens such as `<|im_start|>` are recognized."""
        ids: Tokens = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def encode_plain(self, text: str) -> Tokens:
        """Token ids of text that somebody said: what looks like a control token is broken up, so that it stays text."""
        return self.encode(plain(text))

    def decode(self, ids: Tokens) -> str:
        """Text of token ids, without control tokens."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def token(self, text: str) -> int:
        """Id of a control token.

        Raises:
            BundleError: The tokenizer does not have it.
        """
        found: int | None = self.tokenizer.token_to_id(text)
        if found is None:
            raise BundleError(f"The tokenizer has no token {text}.", hint="Run `chartside models build` again.")
        return found

    def empty_cache(self, capacity: int) -> KeyValueCache:
        """A cache with one empty row."""
        heads, size = self._cache_shape
        tensors = [np.zeros((1, heads, capacity, size), np.float32) for _ in self._names]
        return KeyValueCache(tensors, np.zeros(1, np.int64))

    def prefill(self, cache: KeyValueCache, ids: Tokens) -> Float32:
        """Append up to `PREFILL_CHUNK` tokens to the only row of a cache.

        Returns:
            Logits after the last token, `[vocabulary]`.
        """
        last = np.array([len(ids) - 1], np.int64)
        logits: Float32 = self._run(cache, np.array([ids], np.int64), last)[0]
        return logits

    def decode_step(self, cache: KeyValueCache, ids: Tokens) -> Float32:
        """Append one token to every row.

        Returns:
            Logits after it, `[rows, vocabulary]`.
        """
        return self._run(cache, np.array(ids, np.int64)[:, None], np.arange(cache.rows))

    def logits(self, ids: Tokens) -> Float32:
        """Logits after every token of one sequence, `[tokens, vocabulary]`; for tests and evaluation."""
        cache = self.empty_cache(len(ids))
        return self._run(cache, np.array([ids], np.int64), np.arange(len(ids)))

    def _run(self, cache: KeyValueCache, ids: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> Float32:
        totals = cache.lengths + ids.shape[1]
        binding = self._session.io_binding()
        binding.bind_cpu_input("input_ids", ids)
        binding.bind_cpu_input("row_lengths", (totals - 1).astype(np.int32))
        binding.bind_cpu_input("total_length", np.array(totals.max(), np.int32))
        binding.bind_cpu_input("positions", positions)
        binding.bind_output("logits")
        for name, value in zip(self._names, cache.values, strict=True):
            binding.bind_ortvalue_input(f"past.{name}", value)
            binding.bind_ortvalue_output(f"present.{name}", value)
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:
            self._failed(error)
            raise
        cache.lengths[:] = totals
        logits: Float32 = binding.get_outputs()[0].numpy()
        return logits
