"""`scripts/image-check.sh`, which CI runs: on a machine that can build the image, and on those that cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "image-check.sh"
Check = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs the script with a `make` that only notes what was asked of it, and with `replaced` in place of real commands."""

    def run(*before: str, replaced: dict[str, str] | None = None, **environment: str) -> tuple[int, str, list[str]]:
        commands, asked = tmp_path / "bin", tmp_path / "asked"
        commands.mkdir(exist_ok=True)
        for name, body in {"make": f'echo "$*" >> {asked}', **(replaced or {})}.items():
            (commands / name).write_text(f"#!/bin/sh\n{body}\n")
            (commands / name).chmod(0o755)
        path = f"{commands}:{os.environ['PATH']}"
        around = {**os.environ, "PATH": path, "CHARTSIDE_IMAGE_DIR": str(tmp_path / "image"), **environment}
        done = subprocess.run([*before, str(SCRIPT)], env=around, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, asked.read_text().splitlines() if asked.exists() else []

    return run


@pytest.fixture
def able(tmp_path: Path) -> dict[str, str]:
    """Commands of a machine that can, whatever this one is."""
    (tmp_path / "mirror/dists/trixie").mkdir(parents=True)
    (tmp_path / "mirror/dists/trixie/InRelease").write_text("x")
    return {
        "id": "echo 0",
        "uname": 'test "$1" = -s && echo Linux || echo x86_64',
        "apt-get": "true",
        "unshare": "true",
        "df": "echo Avail; echo 100",
    }


def test_where_it_can_the_image_is_built_then_booted(check: Check, able: dict[str, str], tmp_path: Path) -> None:
    mirror = f"file://{tmp_path}/mirror"
    assert check(replaced=able, CHARTSIDE_DEBIAN_MIRROR=mirror) == (0, "", ["image PROFILE=cpu", "image-test"])


def test_what_fails_there_fails(check: Check, able: dict[str, str], tmp_path: Path) -> None:
    mirror = f"file://{tmp_path}/mirror"
    status, _, _ = check(replaced={**able, "make": "exit 3"}, CHARTSIDE_DEBIAN_MIRROR=mirror)
    assert status == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"uname": "echo Darwin"}, "this machine is no x86-64 Linux"),
        ({"id": "echo 1000"}, "building needs root"),
        ({"unshare": "exit 1"}, "this machine gives no namespaces"),
        ({"unshare": 'case "$*" in *cgroup2*) exit 1 ;; esac'}, "this machine gives no control groups"),
        ({"df": "echo Avail; echo 3"}, "12 GB of disk are not free"),
    ],
)
def test_where_it_cannot_it_says_why_in_one_line_and_fails_nothing(
    check: Check, able: dict[str, str], tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    mirror = f"file://{tmp_path}/mirror"
    found = check(replaced={**able, **change}, CHARTSIDE_DEBIAN_MIRROR=mirror)
    assert found == (0, f"image: not checked here: {reason}\n", [])


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        ("http://127.0.0.1:9/debian", "the Debian mirror is not reached"),
        ("", "this machine has no Debian mirror; name one in CHARTSIDE_DEBIAN_MIRROR"),
    ],
)
def test_without_a_mirror_nothing_is_built(check: Check, able: dict[str, str], mirror: str, reason: str) -> None:
    found = check(replaced=able, CHARTSIDE_DEBIAN_MIRROR=mirror)
    assert found == (0, f"image: not checked here: {reason}\n", [])


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be somebody else")
def test_somebody_who_is_not_root_is_told_so(check: Check) -> None:
    found = check("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    assert found == (0, "image: not checked here: building needs root\n", [])
