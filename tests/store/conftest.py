from __future__ import annotations

from pathlib import Path

import pytest
from store_backup import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path / "box")
    box.set_passphrase()
    return box


@pytest.fixture
def empty(tmp_path: Path) -> Box:
    return Box(tmp_path / "new")
