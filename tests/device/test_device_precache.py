"""The list of files that the page's service worker keeps is made by the build."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import precache


@pytest.fixture
def page(tmp_path: Path) -> Path:
    files = {
        "index.html": '<script src="/assets/index-1.js"></script><link href="/icon.svg">',
        "icon.svg": "<svg/>",
        "assets/index-1.js": 'new Worker("/assets/worker-2.js"); register("/sw.js")',
        "assets/worker-2.js": 'import("/assets/engine-3/" + "python.mjs")',
        "assets/engine-3/python.mjs": "other.html",
        "assets/engine-3/library.zip": "PK",
        "other.html": '<script src="/assets/other-4.js"></script>',
        "assets/other-4.js": "",
        "sw.js": 'fetch("/files.json")',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def listing(page: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((page / "files.json").read_text("utf-8"))
    return found


def test_what_the_page_reaches_is_listed_with_its_hash_and_nothing_else(page: Path) -> None:
    assert precache.fill(page) == 6
    files = listing(page)["files"]
    for name, digest in files.items():
        assert digest == "sha256-" + base64.b64encode(hashlib.sha256((page / name).read_bytes()).digest()).decode()
    engine = {"assets/engine-3/python.mjs", "assets/engine-3/library.zip"}
    assert set(files) == {"index.html", "icon.svg", "assets/index-1.js", "assets/worker-2.js", *engine}


def test_another_file_is_another_version_and_the_same_files_are_the_same(page: Path) -> None:
    precache.fill(page)
    before = listing(page)
    precache.fill(page)
    assert listing(page) == before
    (page / "icon.svg").write_text("<svg id='newer'/>")
    precache.fill(page)
    after = listing(page)
    assert after["version"] != before["version"]
    assert {name for name in after["files"] if after["files"][name] != before["files"][name]} == {"icon.svg"}
