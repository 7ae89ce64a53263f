"""The fastest candidate that is right, kept in a file until what it depends on changes."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.files import remember
from appliance.runtime.providers.enumerate import Machine
from appliance.runtime.providers.plan import AUTO, CPU, Candidate, Plan
from appliance.runtime.providers.probe import Reference, Subject, Trial, probe

_log = logging.getLogger(__name__)

_PROMPT_TOKENS, _WRITTEN_TOKENS = 400, 80
"""A typical exchange of a visit and the sentences written about it; candidates are compared by the seconds it takes them."""
_LEAST_GAIN: Final = 0.9
"""Another provider must take at most this share of the plain CPU's time: what is as fast is not worth more parts."""

Tried = Callable[[Candidate], None]


class Verdict(msgspec.Struct, frozen=True):
    """Which candidate runs the model, and why not the others."""

    chosen: Candidate
    reason: str
    """One sentence."""
    trials: tuple[Trial, ...] = ()
    """In the order of the plan; empty if nothing had to be tried."""
    notes: tuple[str, ...] = ()
    """What is there but cannot be tried; one sentence each."""
    key: dict[str, str] = {}
    """What the verdict depends on."""

    @property
    def lasting(self) -> bool:
        """Whether it is worth keeping: the plain CPU provider, with which the others were compared, worked."""
        return not any(trial.failure for trial in self.trials if trial.candidate.plain)

    def lost(self) -> dict[str, str]:
        """Why each candidate that was not chosen was not, by name."""
        best = next((trial for trial in self.trials if trial.candidate.name == self.chosen.name), None)
        return {
            trial.candidate.name: trial.failure or _slower(trial, best)
            for trial in self.trials
            if trial.candidate.name != self.chosen.name
        }


def seconds(trial: Trial) -> float:
    """What a typical exchange takes."""
    if trial.report is None or not (trial.report.prefill_rate and trial.report.decode_rate):
        return float("inf")
    return _PROMPT_TOKENS / trial.report.prefill_rate + _WRITTEN_TOKENS / trial.report.decode_rate


def key_of(machine: Machine, plan: Plan, model_sha256: str, threads: int) -> dict[str, str]:
    """What a verdict depends on, with a name for each part."""
    tried = msgspec.json.encode(plan.candidates)
    return {
        "processor": f"{machine.processor}, {len(os.sched_getaffinity(0))} cores, {threads} threads",
        "driver": ", ".join(f"{device.label} {device.driver or 'without driver'}" for device in machine.devices),
        "runtime": machine.runtime,
        "provider options": hashlib.sha256(tried).hexdigest(),
        "model": model_sha256,
    }


def decide(
    plan: Plan, subject: Subject, key: dict[str, str], *, wanted: str = AUTO, tried: Tried = lambda _candidate: None
) -> Verdict:
    """Try every candidate and choose.

    Args:
        plan: What to try; the plain CPU is among it.
        subject: What to try it on.
        key: What the verdict depends on.
        wanted: A candidate's name to take that one if it works at all, or `auto`.
        tried: Called before each trial.
    """
    cpu = next(candidate for candidate in plan.candidates if candidate.plain)
    tried(cpu)
    base, reference = probe(cpu, subject, None)
    trials = {cpu.name: base}
    for candidate in plan.candidates:
        if not candidate.plain:
            tried(candidate)
            trials[candidate.name] = _against(candidate, subject, reference)
    ordered = tuple(trials[candidate.name] for candidate in plan.candidates)
    chosen, reason = _choose(ordered, base, wanted)
    return Verdict(chosen.candidate, reason, ordered, plan.notes, key)


def _against(candidate: Candidate, subject: Subject, reference: Reference | None) -> Trial:
    if reference is None:
        return Trial(candidate, "It was not tried: there is nothing to compare it with.")
    return probe(candidate, subject, reference)[0]


def _choose(trials: tuple[Trial, ...], base: Trial, wanted: str) -> tuple[Trial, str]:
    right = [trial for trial in trials if not trial.failure]
    if base.failure:
        return base, f"Nothing could be compared with it, because its own trial failed: {base.failure}"
    if wanted != AUTO:
        found = next((trial for trial in right if trial.candidate.name == wanted), None)
        if found:
            return found, "The setting `provider` asks for it, and it gives the right numbers."
        failed = next(
            (trial.failure for trial in trials if trial.candidate.name == wanted), "It is not in the plan of this machine."
        )
        return base, f"The setting `provider` asks for {wanted}, which cannot be used: {failed}"
    best = min(right, key=seconds, default=base)
    if best is base or seconds(best) > _LEAST_GAIN * seconds(base):
        others = len([trial for trial in right if trial is not base])
        return base, "It is the fastest that is right." if others else "No other candidate works."
    return best, f"It is right and takes {seconds(best) / seconds(base):.0%} of the plain CPU's time for an exchange."


def _slower(trial: Trial, best: Trial | None) -> str:
    if best is None or best.failure:
        return "It was not asked for."
    times = f"{seconds(trial):.1f} s for an exchange, {best.candidate.name} {seconds(best):.1f} s"
    if seconds(trial) > seconds(best):
        return f"It is right, but slower: {times}."
    if best.candidate.plain:
        return f"It is right, but hardly faster: {times}."
    return f"It is right, but the setting `provider` asks for another: {times}."


def single(plan: Plan) -> Verdict:
    """The verdict on a plan with nothing but the CPU."""
    return Verdict(CPU, "It is the only candidate, so nothing had to be tried.", notes=plan.notes)


def load_verdict(path: Path) -> Verdict | None:
    """The verdict in a file; None if there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Verdict)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("the verdict on execution providers cannot be read (%s); they are tried again", type(error).__name__)
        return None


def save_verdict(path: Path, verdict: Verdict) -> None:
    """Write a verdict whole or not at all. A full disk costs a new trial at the next start, and nothing else."""
    remember(path, msgspec.json.format(msgspec.json.encode(verdict), indent=2) + b"\n")
