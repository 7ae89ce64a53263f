"""The tools tree of a build: the Debian that has systemd, QEMU and veritysetup for the tests as well."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
_WORK: Final = "/image"
"""Where `image/enter.sh` has the work folder."""


def entered(work: Path, *command: str) -> list[str]:
    """The command line that runs a command in the tools tree of a work folder."""
    return [str(ROOT / "image/enter.sh"), str(work / "tools"), str(ROOT), str(work), *command]


def seen(path: Path, work: Path) -> str:
    """What a file or folder of the work folder is called in there."""
    return f"{_WORK}/{path.relative_to(work)}"
