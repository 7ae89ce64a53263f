"""Whether the clock can be believed."""

from __future__ import annotations

from appliance.connect.clock import Clock
from appliance.health.check import Finding
from appliance.settings import Settings


def check_clock(settings: Settings) -> Finding:
    """The clock against what is certain: the release of this software and the last time the box ran."""
    reading = Clock(settings.connect_dir / "clock").read()
    if reading.trouble:
        return Finding("clock", "failed", reading.trouble, reading.hint)
    return Finding("clock", "ok", f"{reading.time:%Y-%m-%d %H:%M} UTC")
