"""Memory of the tabs of a browser that this process started, from outside: a page cannot see all of its own."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path


def tab_mib() -> float:
    """Resident memory in MiB of the largest tab."""
    parents: dict[int, int] = {}
    resident: dict[int, float] = {}
    for process in Path("/proc").glob("[0-9]*"):
        # A process may end at any time.
        with contextlib.suppress(OSError):
            status = (process / "status").read_text("utf-8")
            parents[int(process.name)] = _number(r"PPid:\s+(\d+)", status)
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                resident[int(process.name)] = _number(r"VmRSS:\s+(\d+)", status) / 1024
    return max((mib for pid, mib in resident.items() if _is_ours(pid, parents)), default=0.0)


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        pid = parents.get(pid, 0)
        if pid == os.getpid():
            return True
    return False


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0
