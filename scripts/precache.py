"""List the files of the page that a tablet keeps: all that the page can reach, each with its hash, for the service worker.

The last step of the build. A file is reached when a file that is reached names it, or its folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "appliance" / "kiosk" / "page"
LISTING: Final = "files.json"
_NOT_KEPT: Final = frozenset({LISTING, "sw.js"})
_START: Final = ("index.html",)
_TEXTS: Final = frozenset({".html", ".js", ".mjs", ".css", ".json", ".webmanifest"})
_RUNTIMES: Final = "assets/engine-"
"""What is in here is named in pieces, and names nothing else."""


def fill(page: Path) -> int:
    """Write version and list of files as `files.json`.

    Args:
        page: Directory of the built page, with everything else in place.

    Returns:
        How many files are kept.
    """
    digests = {name: hashlib.sha256((page / name).read_bytes()).digest() for name in sorted(reached(page))}
    files = {name: f"sha256-{base64.b64encode(digest).decode()}" for name, digest in digests.items()}
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
    (page / LISTING).write_text(json.dumps({"version": version, "files": files}, indent=0) + "\n", "utf-8")
    return len(files)


def reached(page: Path) -> set[str]:
    """Names, within `page`, of the files that the page can ask for."""
    names = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()} - _NOT_KEPT
    found: set[str] = set()
    waiting = [name for name in _START if name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if Path(name).suffix in _TEXTS and not name.startswith(_RUNTIMES):
            text = (page / name).read_text("utf-8")
            waiting += [other for other in names - found if _named(other, text)]
    return found


def _named(name: str, text: str) -> bool:
    folder, _, file = name.rpartition("/")
    return file in text or (name.startswith(_RUNTIMES) and f"{folder}/" in text)


if __name__ == "__main__":
    fill(PAGE)
