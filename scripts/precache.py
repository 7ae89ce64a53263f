"""Tell the page's service worker which files to keep on the tablet: all that the page can reach, each with its hash.

The last step of the build. A file is reached when a file that is reached names it, or its folder.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

WORKER: Final = "sw.js"
_LIST: Final = re.compile(r"__PRECACHE__|version\|[0-9a-f]{12}(?: [\w./+-]+\|sha256-[\w/+=]+)*")
"""Where the list belongs, or the one of the last build."""
_START: Final = ("index.html",)
_TEXTS: Final = frozenset({".html", ".js", ".mjs", ".css", ".json", ".webmanifest"})
_RUNTIMES: Final = "assets/engine-"
"""What is in here is named in pieces, and names nothing else."""


def fill(page: Path) -> int:
    """Write version and list of files into the built service worker.

    Args:
        page: Directory of the built page, with everything else in place.

    Returns:
        How many files are kept.
    """
    digests = {name: hashlib.sha256((page / name).read_bytes()).digest() for name in reached(page)}
    files = " ".join(f"{name}|sha256-{base64.b64encode(digests[name]).decode()}" for name in sorted(digests))
    version = hashlib.sha256(files.encode()).hexdigest()[:12]
    script, places = _LIST.subn(f"version|{version} {files}", (page / WORKER).read_text("utf-8"))
    if places != 1:
        raise SystemExit(f"{page / WORKER} has {places} places for a list of files instead of one.")
    (page / WORKER).write_text(script, "utf-8")
    return len(digests)


def reached(page: Path) -> set[str]:
    """Names, within `page`, of the files that the page can ask for."""
    names = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()} - {WORKER}
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
