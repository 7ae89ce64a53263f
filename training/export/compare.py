"""Measures exported models against each other and against torch: agreement, speed and size."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from appliance.errors import InputError
from appliance.models.graph import WEIGHTS_FILE
from appliance.note.engine import PREFILL_CHUNK
from appliance.note.model import KeyValueCache, LanguageModel
from training.export.write import read_export

REFERENCE: Final = "transformers"
"""Name of the torch model among the results."""
_PREFILL_TOKENS: Final = 4 * PREFILL_CHUNK
_DECODE_TOKENS: Final = 32
_ROWS: Final = 64
"""Positions whose probabilities are worked out at once."""

Floats = npt.NDArray[np.floating]
Logits = Callable[[list[int]], Floats]


class Agreement(msgspec.Struct, frozen=True):
    """How near one model's next-token distributions are to another's."""

    kl: float
    """Mean Kullback-Leibler divergence from the other model, in nats."""
    top1: float
    """Share of positions where both find the same token likeliest."""


class Measured(msgspec.Struct, frozen=True):
    """One exported model."""

    name: str
    bytes: int
    """Of the weights."""
    prefill: float
    """Tokens per second of a prompt; the median over the rounds, as is `decode`."""
    decode: float
    """Tokens per second of an answer."""
    positions: int
    """Where agreement was measured."""
    agreement: dict[str, Agreement]
    """By the name of the other model."""


class ExportedModel(LanguageModel):
    """An exported model of either type of inputs and outputs; the note service itself runs float32."""

    def empty_cache(self, capacity: int) -> KeyValueCache:
        """A cache with one empty row, in the graph's type."""
        heads, size = self._cache_shape
        halves = any(node.type == "tensor(float16)" for node in self._session.get_inputs())
        tensors = [np.zeros((1, heads, capacity, size), np.float16 if halves else np.float32) for _ in self._names]
        return KeyValueCache(tensors, np.zeros(1, np.int64))


def compare(
    exported: Mapping[str, Path],
    texts: Sequence[str],
    *,
    reference: Logits | None = None,
    positions: int = 1000,
    rounds: int = 5,
    threads: int = 0,
    progress: Callable[[float, float], None] = lambda _done, _all: None,
) -> list[Measured]:
    """Measure models that share a tokenizer.

    Speeds are measured in turns, so that whatever else the machine does slows all of them alike: compare them with each
    other, not with those of another run.

    Args:
        exported: Directories by name, as `export` writes them.
        texts: What the models read; the beginning of each, as many tokens from all together as `positions`.
        reference: The torch model, see `training.export.reference`.
        positions: Where to compare distributions, at most.
        rounds: Of measuring speed; 0 leaves it out (speeds are then 0).
        threads: Of each model; 0 means one per core.
        progress: Takes steps done and steps in all.

    Raises:
        InputError: Nothing to compare, or a directory does not hold an exported model.
        BundleError: A graph cannot be loaded.
    """
    if not exported or not texts:
        raise InputError("There is nothing to compare.", hint="Give at least one exported model and one text.")
    models = {name: ExportedModel(path, threads=threads, context=read_export(path).context) for name, path in exported.items()}
    first = next(iter(models.values()))
    shortest = min(model.context for model in models.values())
    each = min(-(-positions // len(texts)), shortest)
    pieces = [ids for text in texts if (ids := first.encode(text)[:each])]
    steps = itertools.count(1)
    total = len(pieces) + rounds

    judges: dict[str, Logits] = {REFERENCE: reference} if reference else {}
    judges |= {name: model.logits for name, model in models.items()}
    tally = {(judge, name): _Tally() for judge in judges for name in models if judge != name}
    for ids in pieces:
        logits = {name: judge(ids) for name, judge in judges.items()}
        for (judge, name), pair in tally.items():
            pair.add(logits[judge], logits[name])
        progress(next(steps), total)
    speeds: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            speeds[name].append(_speed(model, pieces))
        progress(next(steps), total)
    return [
        Measured(
            name=name,
            bytes=(exported[name] / WEIGHTS_FILE).stat().st_size,
            prefill=statistics.median(prefill for prefill, _ in speeds[name]) if rounds else 0.0,
            decode=statistics.median(decode for _, decode in speeds[name]) if rounds else 0.0,
            positions=sum(map(len, pieces)),
            agreement={judge: pair.result() for (judge, other), pair in tally.items() if other == name},
        )
        for name in models
    ]


def as_markdown(measured: Sequence[Measured]) -> str:
    """The results as a table; speeds in brackets are relative to the first model."""
    others = list(dict.fromkeys(other for row in measured for other in row.agreement))
    head = ["model", "MB", "prefill tok/s", "decode tok/s", *(f"KL / top-1 to {other}" for other in others)]
    lines = [head, ["---", *("---:" for _ in head[1:])]]
    for row in measured:
        speeds = [(row.prefill, measured[0].prefill), (row.decode, measured[0].decode)]
        lines.append(
            [
                row.name,
                f"{row.bytes / 1e6:.0f}",
                *(f"{speed:.1f} ({speed / of:.2f}x)" if of else "" for speed, of in speeds),
                *(f"{found.kl:.4f} / {found.top1:.1%}" if (found := row.agreement.get(other)) else "" for other in others),
            ]
        )
    positions = max((row.positions for row in measured), default=0)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\nKL is the mean divergence in nats over {positions} positions.\n"


class _Tally:
    """Adds up the agreement of two models over pieces of text."""

    def __init__(self) -> None:
        self._kl: list[float] = []
        self._same: list[bool] = []

    def add(self, expected: Floats, found: Floats) -> None:
        """Compare logits `[tokens, vocabulary]`."""
        for start in range(0, len(expected), _ROWS):
            log_p, log_q = (_log_softmax(logits[start : start + _ROWS]) for logits in (expected, found))
            self._kl += (np.exp(log_p) * (log_p - log_q)).sum(-1).tolist()
            self._same += (log_p.argmax(-1) == log_q.argmax(-1)).tolist()

    def result(self) -> Agreement:
        """Means over all positions."""
        return Agreement(kl=statistics.fmean(self._kl), top1=statistics.fmean(self._same))


def _log_softmax(logits: Floats) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(-1, keepdims=True)
    log: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return log


def _speed(model: ExportedModel, pieces: Sequence[list[int]]) -> tuple[float, float]:
    """Tokens per second of a prompt and of an answer."""
    prompt = list(itertools.islice(itertools.cycle(itertools.chain(*pieces)), min(_PREFILL_TOKENS, model.context // 2)))
    answer = min(_DECODE_TOKENS, model.context // 4)
    cache = model.empty_cache(len(prompt) + answer)
    started = time.perf_counter()
    for start in range(0, len(prompt), PREFILL_CHUNK):
        model.prefill(cache, prompt[start : start + PREFILL_CHUNK])
    middle = time.perf_counter()
    for token in prompt[:answer]:
        model.decode_step(cache, [token])
    ended = time.perf_counter()
    return len(prompt) / (middle - started), answer / (ended - middle)
