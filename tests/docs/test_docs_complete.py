"""What is declared in the code is documented, and the tree holds no secrets of where it was made."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from appliance import errors
from appliance.settings import Settings

ROOT = Path(__file__).parents[2]
DRAWN = inspect.getdoc(errors) or ""
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ChartsideError)]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_drawn_in_the_tree(kind: type[errors.ChartsideError]) -> None:
    line = next(line for line in DRAWN.splitlines() if re.search(rf"\b{kind.__name__}\b", line))
    if kind is not errors.ChartsideError:
        assert re.findall(r"\d+", line)[:2] == [str(kind.status), str(kind.exit_code)]


def test_every_setting_says_what_it_is() -> None:
    assert all(field.metadata["help"].endswith(".") for field in fields(Settings))


def test_reference_pages_are_fresh() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_decision_is_listed() -> None:
    pages = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}
    listed = set(re.findall(r"\((0\d+[^)]+)\)", (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")))
    assert pages == listed


def test_links_between_pages_lead_somewhere() -> None:
    for page in tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in (*tracked("requirements/*.txt"), *tracked("*package-lock.json")):
        text = lock.read_text("utf-8")
        assert "sha256:" in text or '"integrity"' in text
        assert not re.search(r'"resolved"|--(?:extra-)?index-url|--find-links', text)


def test_files_stay_readable() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in tracked("*.py", "*.ts", "*.tsx")
        if (n := len(p.read_text("utf-8").splitlines())) > 450
    }
    assert long == {}
