"""Whether tablets recognize the box."""

from __future__ import annotations

from datetime import UTC, datetime

from appliance.connect.state import State
from appliance.health.check import Finding
from appliance.settings import Settings

_FEW_DAYS = 7
"""The box's own certificate is replaced when it has 30 days left."""


def check_certificate(settings: Settings) -> Finding:
    """The certificate that tablets see, its days left, and what keeps them away."""
    if settings.access == "localhost":
        return Finding("certificate", "ok", "not needed: only this machine reaches the kiosk")
    state = State.load(settings.connect_dir)
    if state is None:
        return Finding("certificate", "warning", "none yet", "Start Chartside; it makes one.")
    days = (state.expires - datetime.now(UTC)).days
    detail = f"{state.name}, of the {state.certificate}, {days} days left"
    if days < 0:
        return Finding("certificate", "failed", f"{state.name}: expired", "Start Chartside, and check the clock of the box.")
    if state.troubles:
        told = "\n".join([detail, *(trouble.detail for trouble in state.troubles)])
        return Finding("certificate", "warning", told, " ".join(trouble.hint for trouble in state.troubles))
    if days < _FEW_DAYS:
        return Finding("certificate", "warning", detail, "It should have been replaced: start Chartside and look at its log.")
    return Finding("certificate", "ok", detail)
