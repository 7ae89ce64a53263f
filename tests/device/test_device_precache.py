"""The list of files that the page's service worker keeps is made by the build."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import precache


@pytest.fixture
def page(tmp_path: Path) -> Path:
    files = {
        "index.html": '<script src="/assets/index-1.js"></script><link href="/icon.svg">',
        "icon.svg": "<svg/>",
        "assets/index-1.js": 'new Worker("/assets/worker-2.js")',
        "assets/worker-2.js": 'fetch("/device.json"); import(folder + "python.mjs")',
        "device.json": '{"folder": "/assets/engine-3/"}',
        "assets/engine-3/python.mjs": "other.html",
        "assets/engine-3/library.zip": "PK",
        "other.html": '<script src="/assets/other-4.js"></script>',
        "assets/other-4.js": "",
        "sw.js": "const files = `__PRECACHE__`.split(` `);",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def listed(page: Path) -> dict[str, str]:
    script = (page / "sw.js").read_text()
    assert script.startswith("const files = `version|")
    assert script.endswith("`.split(` `);")
    return dict(entry.split("|", 1) for entry in script.split("`")[1].split(" "))


def test_what_the_page_reaches_is_listed_with_its_hash_and_nothing_else(page: Path) -> None:
    assert precache.fill(page) == 7
    found = listed(page)
    found.pop("version")
    for name, digest in found.items():
        assert digest == "sha256-" + base64.b64encode(hashlib.sha256((page / name).read_bytes()).digest()).decode()
    engine = {"assets/engine-3/python.mjs", "assets/engine-3/library.zip"}
    assert set(found) == {"index.html", "icon.svg", "assets/index-1.js", "assets/worker-2.js", "device.json", *engine}


def test_the_list_of_another_build_takes_the_place_of_the_last(page: Path) -> None:
    precache.fill(page)
    before = listed(page)
    precache.fill(page)
    assert listed(page) == before
    (page / "icon.svg").write_text("<svg id='newer'/>")
    precache.fill(page)
    after = listed(page)
    assert {name for name in before if before[name] != after[name]} == {"icon.svg", "version"}


def test_a_worker_without_a_place_for_the_list_is_refused(page: Path) -> None:
    (page / "sw.js").write_text("")
    with pytest.raises(SystemExit, match="0 places"):
        precache.fill(page)
