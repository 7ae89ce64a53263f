"""The built system in a container, and a tablet in its clinic; a new container for each module."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clinic import new_tablet, pair, wait_for_answer
from clinic_network import BOX_ADDRESS
from container_box import ContainerBox, container_box
from kiosk_network import Tablet

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((Path(WORK) / "output" / "build.json").read_text("utf-8"))
    return facts


@pytest.fixture(scope="module")
def box(built: dict[str, Any]) -> Iterator[ContainerBox]:
    work = Path(WORK).resolve()
    parts = (work / "output").glob(f"chartside_{built['version']}.root-*.raw")  # named by the architecture, not the board
    (root,) = (path for path in parts if "-verity." not in path.name)
    with container_box(root, Path(os.environ["CHARTSIDE_BUNDLE"]), work) as running:
        yield running


@pytest.fixture(scope="module")
def tablet(box: ContainerBox) -> Iterator[Tablet]:
    """A tablet in the clinic, paired with the box over TLS."""
    box.wait_until_started(300)
    code = box.state()["setup_code"]
    with box.network.here():
        wait_for_answer()
        tablet = new_tablet(address=BOX_ADDRESS)
        pair(tablet, code)
    yield tablet
    tablet.close()
