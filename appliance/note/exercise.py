"""Tries an execution provider on the note model: `python -m appliance.note.exercise DIRECTORY`, run as a child process.

It goes through what the note service does (a prompt in chunks, single tokens, several rows from one prefix), so a provider that
breaks on one of them breaks here. See `appliance.runtime.providers.candidate` for what goes in and out.
"""

from __future__ import annotations

import json
import resource
import signal
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from appliance.note.engine import PREFILL_CHUNK, Tokens
from appliance.note.model import Float32, LanguageModel
from appliance.runtime.providers.candidate import LOGITS_FILE, Report, read_job, write_report

_PROMPT: Final = (
    "Doctor: What brings you in today? Patient: My left knee has hurt since Monday, and I take ibuprofen 400 milligrams twice "
    "a day. Doctor: Any swelling? Patient: No. Doctor: Then we will do an x-ray and see you again in two weeks."
)
_WRITTEN: Final = 16
_ROWS: Final = 3
_TIMED_CHUNKS, _TIMED_STEPS = 3, 24


def main() -> None:
    """Do the job in the directory that the command line names."""
    directory = Path(sys.argv[1])
    job = read_job(directory)
    signal.alarm(job.most_seconds)
    began = time.perf_counter()
    profile = directory / "profile"
    model = LanguageModel(
        Path(job.model), threads=job.threads, context=job.context, providers=job.providers, profile=str(profile)
    )
    loaded = time.perf_counter() - began
    logits, tokens = _answer(model, job.tokens)
    placed = _placed(model.end_profile())
    np.save(directory / LOGITS_FILE, logits)
    prefill_rate, decode_rate = _rates(model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    write_report(directory, Report(model.providers, placed, tokens, loaded, prefill_rate, decode_rate, peak))


def _answer(model: LanguageModel, given: Tokens) -> tuple[Float32, Tokens]:
    """Logits `[positions, vocabulary]` and likeliest tokens: after a prompt, token by token, and then of several rows."""
    prompt = model.encode_plain(_PROMPT)[: model.context - _WRITTEN - 1]
    cache = model.empty_cache(len(prompt) + _WRITTEN)
    half = len(prompt) // 2
    model.prefill(cache, prompt[:half])
    rows = [model.prefill(cache, prompt[half:])]
    for step in range(_WRITTEN):
        token = given[step] if given else int(rows[-1].argmax())
        rows.append(model.decode_step(cache, [token])[0])
    fork = cache.fork(_ROWS, int(cache.lengths[0]) + 1)
    rows.extend(model.decode_step(fork, prompt[:_ROWS]))
    logits = np.stack(rows)
    return logits, [int(token) for token in logits.argmax(-1)]


def _rates(model: LanguageModel) -> tuple[float, float]:
    """Tokens per second of prefill and of decoding one row."""
    chunks, steps = _TIMED_CHUNKS + 1, _TIMED_STEPS + 1
    chunk = min(PREFILL_CHUNK, (model.context - steps) // chunks)
    prompt = (model.encode_plain(_PROMPT) * chunk)[:chunk]
    cache = model.empty_cache(chunks * chunk + steps)
    prefill = [_seconds(lambda: model.prefill(cache, prompt)) for _ in range(chunks)]
    decode = [_seconds(lambda: model.decode_step(cache, [0])) for _ in range(steps)]
    # The first call of each kind may compile something.
    return chunk / statistics.median(prefill[1:]), 1 / statistics.median(decode[1:])


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _placed(profile: str) -> dict[str, dict[str, int]]:
    """Nodes by provider and operator, each counted once however often it ran."""
    nodes: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for event in json.loads(Path(profile).read_bytes()):
        arguments = event.get("args", {})
        if event.get("cat") == "Node" and arguments.get("provider"):
            nodes[arguments["provider"]].add((arguments["op_name"], event["name"]))
    return {provider: dict(Counter(operator for operator, _ in found)) for provider, found in nodes.items()}


if __name__ == "__main__":
    main()
