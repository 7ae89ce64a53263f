#!/usr/bin/env python3
"""Fetches the wheels of the image, at the hashes of the lock file, and builds the one of Chartside.

    wheels.py LOCK ARCHITECTURE DIRECTORY [SYSTEM]

pip reads the markers of a lock file for the Python that runs it (`python_full_version < '3.12'`), whatever `--python-version`
says. So they are read here, for the Python and the machine of the image, and pip gets what is left, hashes included.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from packaging.markers import Marker


class System(NamedTuple):
    """A distribution that an image is made of."""

    python: str
    glibc_minor: int
    """Wheels for an older glibc fit."""


TRIXIE: Final = System("3.13", 41)
SYSTEMS: Final = {"trixie": TRIXIE, "noble": System("3.12", 39)}
"""Debian 13; Ubuntu 24.04, for Jetson."""
MACHINES: Final = {"x86-64": "x86_64", "arm64": "aarch64"}
"""Machine of a wheel by systemd's name of the architecture."""


def requirements_for(lock: str, machine: str, system: System = TRIXIE) -> str:
    """The requirements of a lock file that the image needs, without markers.

    Args:
        lock: A requirements file with hashes, as `scripts/lock.sh` writes it.
        machine: As in the names of wheels, such as `x86_64`.
        system: What the image is made of.
    """
    environment = {
        "implementation_name": "cpython",
        "implementation_version": f"{system.python}.0",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{system.python}.0",
        "python_version": system.python,
        "sys_platform": "linux",
        "extra": "",
    }
    kept = []
    for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", lock).strip()):
        found = re.match(r"([^\s;]+)(?: *; *(.*?))? *\\?\n", block + "\n")
        if found is None:
            continue
        marker = found.group(2)
        if not marker or Marker(marker).evaluate(environment):
            kept.append(f"{found.group(1)} \\\n{block.partition(chr(10))[2]}")
    return "\n".join(kept) + "\n"


def platforms_for(machine: str, system: System = TRIXIE) -> list[str]:
    """The platform tags that fit, as options of pip, the newest first (PEP 600)."""
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(system.glibc_minor, 16, -1)]
    return [option for tag in [*tags, f"manylinux2014_{machine}", f"linux_{machine}"] for option in ("--platform", tag)]


def main() -> None:
    """Fill the directory; what is there of the same lock file stays."""
    lock, architecture, directory = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    system = SYSTEMS[sys.argv[4]] if len(sys.argv) > 4 else TRIXIE  # noqa: PLR2004
    pip = [sys.executable, "-m", "pip"]
    made_from = directory / "made-from.txt"
    wanted = requirements_for(lock.read_text("utf-8"), MACHINES[architecture], system)
    if not made_from.exists() or made_from.read_text("utf-8") != wanted:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        _fetch(pip, wanted, MACHINES[architecture], system, directory)
        made_from.write_text(wanted, "utf-8")
    product = Path(__file__).parent.parent
    shutil.rmtree(product / "build" / "lib", ignore_errors=True)  # setuptools would pack modules that are gone by now
    for old in directory.glob("chartside-*.whl"):
        old.unlink()
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(directory)]
    subprocess.run([*build, str(product)], check=True)


def _fetch(pip: list[str], requirements: str, machine: str, system: System, directory: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        fits = ["--implementation", "cp", "--only-binary", ":all:", *platforms_for(machine, system)]
        download = [*pip, "download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(directory)]
        subprocess.run([*download, "--python-version", system.python, *fits, "--requirement", file.name], check=True)


if __name__ == "__main__":
    main()
