"""Tries a candidate in a child process, whose abort, hang or greed for memory is a result and not the end of the parent."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from appliance.runtime.providers.candidate import JOB_FILE, LOGITS_FILE, REPORT_FILE, Job, Report
from appliance.runtime.providers.plan import CPU_PROVIDER, Candidate

Float32 = npt.NDArray[np.float32]
MOST_DIVERGENCE: Final = 0.05
"""Largest mean Kullback-Leibler divergence from the plain CPU provider, in nats per token. That one rounds inputs of products
to int8, which costs 0.006 nats against exact arithmetic."""
LEAST_AGREEMENT: Final = 0.9
"""Least share of positions at which the likeliest token is the plain CPU provider's."""
_PRODUCTS: Final = frozenset({"MatMul", "MatMulNBits", "Gemm", "FusedMatMul"})
"""Operators that hold the weights: a provider that leaves them to the CPU does not do the work."""
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 10
_TAIL_CHARACTERS = 200
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Subject:
    """What candidates are tried on.

    Attributes:
        module: Run by the child process; see `appliance.runtime.providers.candidate`.
        model: Directory of the model.
        context: Longest sequence in tokens.
        threads: Threads of one call; 0 means one per core.
        most_seconds: Longest trial; None takes the candidate's own limit.
        most_bytes: Most resident memory of the child; None means three quarters of the machine's.
    """

    module: str
    model: Path
    context: int
    threads: int
    most_seconds: float | None = None
    most_bytes: int | None = None


class Trial(msgspec.Struct, frozen=True):
    """How one candidate did."""

    candidate: Candidate
    failure: str = ""
    """One sentence: why it cannot be used; empty if it can."""
    report: Report | None = None
    divergence: float = 0.0
    """Mean Kullback-Leibler divergence from the plain CPU provider, in nats."""

    @property
    def left_to_cpu(self) -> dict[str, int]:
        """Nodes that ran on the CPU provider although another was asked for, by operator."""
        return {} if self.report is None or self.candidate.plain else self.report.placed.get(CPU_PROVIDER, {})


class Reference(msgspec.Struct, frozen=True):
    """What the plain CPU provider gave."""

    tokens: list[int]
    logits: Float32


def probe(candidate: Candidate, subject: Subject, reference: Reference | None) -> tuple[Trial, Reference | None]:
    """Try a candidate.

    Args:
        candidate: What to try.
        subject: What to try it on.
        reference: What it is compared with; None for the plain CPU provider itself.

    Returns:
        How it did, and what it gave if it is to be the reference. Never raises for what the child does.
    """
    with tempfile.TemporaryDirectory(prefix="chartside-probe-") as name:
        directory = Path(name)
        seconds = subject.most_seconds or candidate.seconds
        job = Job(
            str(subject.model.resolve()),
            subject.context,
            subject.threads,
            candidate.providers,
            int(seconds) + _GRACE_SECONDS,
            reference.tokens if reference else [],
        )
        (directory / JOB_FILE).write_bytes(msgspec.json.encode(job))
        failure = _run(candidate, subject, seconds, directory)
        if failure:
            return Trial(candidate, failure), None
        try:
            report = msgspec.json.decode((directory / REPORT_FILE).read_bytes(), type=Report)
            logits: Float32 = np.load(directory / LOGITS_FILE, allow_pickle=False)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            return Trial(candidate, f"It ended without a result that can be read ({type(error).__name__})."), None
    trial = _judge(candidate, report, logits, reference)
    good = reference is None and not trial.failure
    return trial, Reference(report.tokens[:-1], logits) if good else None


def _run(candidate: Candidate, subject: Subject, seconds: float, directory: Path) -> str:
    """Run the child to its end; returns why it failed, or nothing."""
    most = subject.most_bytes or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    command = [candidate.python or sys.executable, "-m", subject.module, str(directory)]
    errors = directory / "errors.txt"
    with errors.open("wb") as sink:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=directory, start_new_session=True
            )
        except OSError as error:
            return f"Its interpreter {candidate.python} cannot be started: {error.strerror}."
    with contextlib.suppress(OSError):  # if memory runs out, the kernel takes the child first
        Path(f"/proc/{process.pid}/oom_score_adj").write_text("1000", "ascii")
    try:
        stopped = _watch(process, time.monotonic() + seconds, most)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    if stopped == "time":
        return f"It gave no result within {seconds:.0f} seconds."
    if stopped == "memory":
        return f"It took more than {most >> 20} MiB of memory."
    return _explain(code, errors)


def _watch(process: subprocess.Popen[bytes], deadline: float, most_bytes: int) -> str:
    """Wait for the child; returns which limit it broke, if any.

    Resident memory is watched, because address space is no measure: CUDA reserves more than there is.
    """
    status = Path(f"/proc/{process.pid}/statm")
    page = os.sysconf("SC_PAGE_SIZE")
    while process.poll() is None:
        if time.monotonic() > deadline:
            return "time"
        with contextlib.suppress(OSError, IndexError):
            if int(status.read_text("ascii").split()[1]) * page > most_bytes:
                return "memory"
        time.sleep(_POLL_SECONDS)
    return ""


def _explain(code: int, errors: Path) -> str:
    if code == 0:
        return ""
    if code == -signal.SIGKILL:
        return "The kernel killed it, most likely for want of memory."
    text = _COLOUR.sub("", errors.read_text("utf-8", errors="replace"))
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    said = f": {last[:_TAIL_CHARACTERS]}" if last else ""
    if code < 0:
        return f"It crashed ({signal.strsignal(-code)}){said}"
    return f"It ended with exit code {code}{said}"


def _judge(candidate: Candidate, report: Report, logits: Float32, reference: Reference | None) -> Trial:
    comparable = reference is not None and logits.shape == reference.logits.shape and np.isfinite(logits).all()
    divergence = _divergence(reference.logits, logits) if reference and comparable else 0.0
    trial = Trial(candidate, "", report, divergence)
    return msgspec.structs.replace(trial, failure=next(_faults(trial, report, logits, reference), ""))


def _faults(trial: Trial, report: Report, logits: Float32, reference: Reference | None) -> Iterator[str]:
    """What is wrong, causes before effects: whether the provider was really used, then whether it gave what it should."""
    if report.providers[:1] != [trial.candidate.provider]:
        yield f"ONNX Runtime did not start it; the session used {', '.join(report.providers) or 'none'}."
    if not report.placed.get(trial.candidate.provider):
        yield "No part of the model ran on it."
    if products := sum(count for operator, count in trial.left_to_cpu.items() if operator in _PRODUCTS):
        yield f"It left {products} of the model's matrix products to the CPU."
    if not np.isfinite(logits).all():
        yield "It gave values that are not numbers."
    if reference is None:
        return
    if logits.shape != reference.logits.shape:
        yield f"It gave logits of shape {logits.shape} instead of {reference.logits.shape}."
        return
    agreement = float((logits.argmax(-1) == reference.logits.argmax(-1)).mean())
    if trial.divergence > MOST_DIVERGENCE or agreement < LEAST_AGREEMENT:
        yield f"It gave wrong numbers: {trial.divergence:.3g} nats from the CPU provider, {agreement:.0%} of tokens the same."


def _divergence(expected: Float32, found: Float32) -> float:
    """Mean Kullback-Leibler divergence of rows of logits, in nats."""
    log_p, log_q = (_log_softmax(logits.astype(np.float64)) for logits in (expected, found))
    return float((np.exp(log_p) * (log_p - log_q)).sum(-1).mean())


def _log_softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shifted = logits - logits.max(-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result
