"""Which tablets are paired."""

from __future__ import annotations

from appliance.connect.state import State
from appliance.health.check import Finding
from appliance.settings import Settings


def check_devices(settings: Settings) -> Finding:
    """How many tablets and rooms the kiosk knows, as it last said."""
    if settings.access == "localhost":
        return Finding("devices", "ok", "none: only this machine reaches the kiosk")
    state = State.load(settings.connect_dir)
    if state is None or not state.devices:
        return Finding("devices", "warning", "no tablet is paired", "Open /setup/ on the box's page and pair one.")
    tablets, rooms = _count(state.devices, "tablet"), _count(state.rooms, "room")
    return Finding("devices", "ok", f"{tablets} in {rooms}, {state.revoked} revoked")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
