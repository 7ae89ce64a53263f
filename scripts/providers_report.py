"""Tries execution providers on the default note model, and bad ones, in child processes; prints what `make connect-test` shows.

    providers=cpu,openvino bad_providers=3/3

The first names the providers that ran the model with the right numbers; OpenVINO has an environment of its own
(`make build/openvino.stamp`), because its ONNX Runtime cannot be installed beside the plain one. The second counts the
candidates that abort, hang or answer wrongly and lost for that reason.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.bundle import Bundle
from appliance.runtime.providers.choice import EXERCISE
from appliance.runtime.providers.enumerate import read_machine
from appliance.runtime.providers.plan import CPU, Candidate, Plan, make_plan
from appliance.runtime.providers.probe import Subject, Trial
from appliance.runtime.providers.verdict import Verdict, decide
from appliance.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
OPENVINO_PYTHON: Final = ROOT / "build" / "openvino" / "bin" / "python"
_BAD: Final = {"abort": "crashed", "hang": "gave no result", "wrong": "gave wrong numbers"}
"""Behaviours of `tests/runtime/bad_candidates.py`, and the words of the reason for which each has to lose."""
_HANG_SECONDS: Final = 60.0


def main() -> None:
    """Print the verdicts and the line; exit 1 if OpenVINO did not run or a bad candidate did not lose for its reason."""
    good, bad = try_good(), try_bad()
    for trial in (*good.trials, *bad.trials):
        print(_describe(trial), file=sys.stderr)
    print(f"chosen: {good.chosen.name}. {good.reason}", file=sys.stderr)
    line = providers_report(good, bad)
    print(line)
    sys.exit(not line.endswith(f"{len(_BAD)}/{len(_BAD)}") or "openvino" not in line)


def providers_report(good: Verdict | None = None, bad: Verdict | None = None) -> str:
    """The part of the line of `make connect-test` about execution providers, from real runs.

    Args:
        good: What `try_good` gave; None tries now.
        bad: What `try_bad` gave; None tries now.
    """
    good, bad = good or try_good(), bad or try_bad()
    right = {trial.candidate.name.partition("-")[0] for trial in good.trials if not trial.failure}
    lost = [trial for trial in bad.trials if (words := _BAD.get(trial.candidate.name)) and words in trial.failure]
    return f"providers={','.join(sorted(right))} bad_providers={len(lost)}/{len(_BAD)}"


def try_good() -> Verdict:
    """Every candidate of this machine on the default note model, OpenVINO in its own environment."""
    settings = Settings.load()
    bundle = Bundle(settings.bundle)
    machine = read_machine()
    apart = OPENVINO_PYTHON.exists() and "OpenVINOExecutionProvider" not in machine.compiled
    if apart:
        machine = msgspec.structs.replace(machine, compiled=("OpenVINOExecutionProvider", *machine.compiled))
    with tempfile.TemporaryDirectory() as cache:
        plan = make_plan(machine, cache=Path(cache), threads=settings.threads)
        candidates = tuple(_in_its_environment(candidate, apart=apart) for candidate in plan.candidates)
        subject = Subject(EXERCISE, bundle.note_directory, bundle.manifest.note.context, settings.threads)
        return decide(Plan(candidates, plan.notes), subject, {})


def try_bad() -> Verdict:
    """Candidates that abort, hang and answer wrongly, on the default note model."""
    settings = Settings.load()
    bundle = Bundle(settings.bundle)
    os.environ["PYTHONPATH"] = str(ROOT / "tests" / "runtime")
    try:
        candidates = [Candidate(name, "BadExecutionProvider", "It is bad.", {"behaviour": name}) for name in _BAD]
        subject = Subject(
            "bad_candidates", bundle.note_directory, bundle.manifest.note.context, settings.threads, _HANG_SECONDS
        )
        return decide(Plan((*candidates, CPU)), subject, {})
    finally:
        del os.environ["PYTHONPATH"]


def _in_its_environment(candidate: Candidate, *, apart: bool) -> Candidate:
    openvino = candidate.provider == "OpenVINOExecutionProvider"
    return msgspec.structs.replace(candidate, python=str(OPENVINO_PYTHON)) if apart and openvino else candidate


def _describe(trial: Trial) -> str:
    if trial.failure or trial.report is None:
        return f"{trial.candidate.name}: {trial.failure}"
    report = trial.report
    left = ", ".join(f"{count} {name}" for name, count in trial.left_to_cpu.items()) or "nothing"
    return (
        f"{trial.candidate.name}: right ({trial.divergence:.4f} nats), prefill {report.prefill_rate:.0f} tokens/s, "
        f"decode {report.decode_rate:.1f} tokens/s, loads in {report.load_seconds:.1f} s, "
        f"{report.peak_bytes >> 20} MiB, left to the CPU: {left}"
    )


if __name__ == "__main__":
    main()
