"""Run the browser tests of the note engine and say in one line what they showed; what does not exist yet is `not_run`."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

TESTS: Final = ("tests/device", "tests/browser/test_device_page.py")
NOT_RUN: Final = ("webgpu_ops", "webgpu_tiny", "handover", "offline")


def main() -> int:
    """Run them; returns the exit status."""
    command = [sys.executable, "-m", "pytest", "-s", "-m", "slow or not slow", *TESTS]
    found: dict[str, str] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout or ():
            print(line, end="")
            found |= dict(re.findall(r"\b(vectors|greedy|off_origin)=(\S+)", line))
    passed = tests.returncode == 0
    results = {
        "wasm": "ok" if passed else "failed",
        **{name: found.get(name, "missing") for name in ("greedy", "vectors", "off_origin")},
    }
    print("browser:", *(f"{name}={value}" for name, value in {**results, **dict.fromkeys(NOT_RUN, "not_run")}.items()))
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
