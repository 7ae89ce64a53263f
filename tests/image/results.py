"""What the modules of `make image-test-full` found, for its one line."""

from __future__ import annotations

from typing import Final

FOUND: Final[dict[str, str]] = {}
"""By the name in the line."""
ORDER: Final = ("update", "never_boots", "unhealthy", "power_cuts", "attacks", "reset")


def line() -> str:
    """The line; a module that did not run leaves a gap that is named."""
    return "image-full: " + " ".join(f"{name}={FOUND.get(name, 'not-run')}" for name in ORDER)
