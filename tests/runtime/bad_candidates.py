"""Stands in for `appliance.note.exercise` in child processes: what a candidate does is named by its option `behaviour`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from appliance.note import exercise
from appliance.runtime.providers.candidate import JOB_FILE, LOGITS_FILE, REPORT_FILE, Job, Report, read_job, write_report
from appliance.runtime.providers.plan import CPU_PROVIDER, Candidate


def bad(behaviour: str, **options: Any) -> Candidate:
    """A candidate that behaves like that."""
    return Candidate(behaviour, "BadExecutionProvider", "A test.", {"behaviour": behaviour}, **options)


def honest(directory: Path, job: Job, *, faster: float = 1.0) -> None:
    """Do the work on the CPU, and report it as work of the provider that was asked for."""
    provider = job.providers[0][0]
    plain = msgspec.structs.replace(job, providers=[(CPU_PROVIDER, {})])
    (directory / JOB_FILE).write_bytes(msgspec.json.encode(plain))
    exercise.main()
    report = msgspec.json.decode((directory / REPORT_FILE).read_bytes(), type=Report)
    rates = {"prefill_rate": report.prefill_rate * faster, "decode_rate": report.decode_rate * faster}
    placed = {provider: report.placed[CPU_PROVIDER]}
    write_report(directory, msgspec.structs.replace(report, providers=[provider], placed=placed, **rates))


def change(directory: Path, how: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    np.save(directory / LOGITS_FILE, how(np.load(directory / LOGITS_FILE)))


def behave(name: str, directory: Path, job: Job) -> None:  # noqa: C901  # one line each
    if name == "abort":
        print("driver: unrecoverable error 999", file=sys.stderr, flush=True)
        os.abort()
    elif name == "hang":
        time.sleep(600)
    elif name == "wrong":
        honest(directory, job)
        change(directory, lambda logits: np.roll(logits, 1, -1))
    elif name == "nan":
        honest(directory, job)
        change(directory, lambda logits: logits * np.nan)
    elif name == "greedy":
        held = [bytes(range(256)) * (1 << 12)]
        while True:
            held.append(bytes(range(256)) * (1 << 16))
            time.sleep(0.02)
    elif name == "killed":
        os.kill(os.getpid(), 9)
    elif name == "half":
        honest(directory, job)
        (directory / REPORT_FILE).write_text('{"providers": [')
    elif name == "elsewhere":
        honest(directory, job)
        report = msgspec.json.decode((directory / REPORT_FILE).read_bytes(), type=Report)
        left = {CPU_PROVIDER: report.placed["BadExecutionProvider"], "BadExecutionProvider": {"Add": 1}}
        write_report(directory, msgspec.structs.replace(report, placed=left))
    elif name == "slow":
        honest(directory, job, faster=0.5)
    elif name == "fast":
        honest(directory, job, faster=3.0)
    else:
        raise ValueError(name)


def main() -> None:
    directory = Path(sys.argv[1])
    job = read_job(directory)
    behaviour = job.providers[0][1].get("behaviour")
    if behaviour:
        behave(behaviour, directory, job)
    else:
        exercise.main()


if __name__ == "__main__":
    main()
