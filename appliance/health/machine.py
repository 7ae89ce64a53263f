"""Whether the machine is large enough for the default models."""

from __future__ import annotations

import os
import platform

from appliance.health.check import Finding
from appliance.settings import Settings

_LEAST_GIB = 3.0
_GIB = 1 << 30


def check_machine(_settings: Settings) -> Finding:
    """Cores and memory; the default bundle's services together need about 2 GiB."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB
    detail = f"{platform.machine()}, {cores} cores, {memory:.1f} GiB memory"
    if memory < _LEAST_GIB:
        return Finding("machine", "warning", detail, f"Use a machine with at least {_LEAST_GIB:.0f} GiB of memory.")
    if cores < 2:  # noqa: PLR2004  # one core for each inference service
        return Finding("machine", "warning", detail, "Use a machine with at least two cores, or the transcript lags behind.")
    return Finding("machine", "ok", detail)
