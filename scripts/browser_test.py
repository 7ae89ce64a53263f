"""Run the browser tests of visits on the tablet, and say in one line what they showed."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

TESTS: Final = (
    "tests/device",
    "tests/browser/test_device_page.py",
    "tests/browser/test_device_speech_page.py",
    "tests/browser/test_device_webgpu_operators.py",
    "tests/browser/test_device_webgpu.py",
    "tests/browser/test_page_handover.py",
    "tests/browser/test_page_offline.py",
    "tests/browser/test_page_offline_begun.py",
    "tests/browser/test_page_offline_decided.py",
)
SAID: Final = ("greedy", "webgpu_ops", "webgpu_tiny", "webgpu_f16", "handover", "vectors", "off_origin", "offline")
"""What tests print as `name=value`; what is printed several times is a count and is added up."""


def main() -> int:
    """Run them; returns the exit status."""
    command = [sys.executable, "-m", "pytest", "-s", "-m", "slow or not slow", *TESTS]
    found: dict[str, list[str]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout or ():
            print(line, end="", flush=True)
            for name, value in re.findall(rf"\b({'|'.join(SAID)})=(\S+)", line):
                found.setdefault(name, []).append(value)
    results = {"wasm": "failed" if tests.returncode else "ok", **{name: _one(found.get(name, [])) for name in SAID}}
    print("browser:", *(f"{name}={value}" for name, value in results.items()))
    return tests.returncode


def _one(values: list[str]) -> str:
    if not values:
        return "missing"
    return values[0] if len(values) == 1 else str(sum(map(int, values)))


if __name__ == "__main__":
    sys.exit(main())
