"""Which execution provider runs the note model, and why each of the others lost."""

from __future__ import annotations

from typing import Any

from appliance.health.check import Finding
from appliance.runtime.providers.choice import known
from appliance.runtime.providers.plan import AUTO
from appliance.runtime.providers.probe import Trial
from appliance.runtime.providers.verdict import Verdict
from appliance.settings import Settings

_TRY = "The note service tries them at its next start; `chartside doctor --probe` does it now."


def check_providers(settings: Settings) -> Finding:
    """The verdict that holds, or that the candidates have to be tried; nothing is tried here.

    Raises:
        BundleError: There is no bundle.
    """
    verdict, failures = known(settings)
    failed = [f"{failure.candidate} failed in use on {failure.at:%Y-%m-%d}: {failure.reason}" for failure in failures]
    facts: dict[str, Any] = {"failed_in_use": failures}
    if verdict is None:
        return Finding("providers", "warning", "\n".join(["Not tried yet.", *failed]), _TRY, facts)
    lost = verdict.lost()
    facts |= {
        "chosen": verdict.chosen.name,
        "reason": verdict.reason,
        "lost": lost,
        "not_tried": verdict.notes,
        "trials": [_measured(trial) for trial in verdict.trials],
    }
    lines = [f"note model on {verdict.chosen.name}: {verdict.reason}{_left(verdict)}"]
    lines += [f"{name} lost: {reason}" for name, reason in lost.items()]
    detail = "\n".join([*lines, *failed, *verdict.notes])
    if settings.provider not in {AUTO, verdict.chosen.name} or failed or not verdict.lasting:
        hint = "Look for a newer driver, then run `chartside doctor --probe`."
        return Finding("providers", "warning", detail, hint, facts)
    return Finding("providers", "ok", detail, facts=facts)


def _left(verdict: Verdict) -> str:
    trial = next((trial for trial in verdict.trials if trial.candidate == verdict.chosen), None)
    left = trial.left_to_cpu if trial else {}
    return f" It leaves to the CPU: {', '.join(f'{count} {name}' for name, count in left.items())}." if left else ""


def _measured(trial: Trial) -> dict[str, Any]:
    report = trial.report
    measured: dict[str, Any] = {
        "name": trial.candidate.name,
        "provider": trial.candidate.provider,
        "why": trial.candidate.why,
        "failure": trial.failure,
    }
    if report is None:
        return measured
    return measured | {
        "divergence_nats": trial.divergence,
        "left_to_cpu": trial.left_to_cpu,
        "load_seconds": report.load_seconds,
        "prefill_tokens_per_second": report.prefill_rate,
        "decode_tokens_per_second": report.decode_rate,
        "peak_bytes": report.peak_bytes,
    }
