"""What opens the data partition: the vendor's kernel images, old and new, and nothing else. With an emulated TPM."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from releases import GOOD, Releases
from tools_tree import entered, seen

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = pytest.mark.skipif(not WORK, reason="looks at the built image: run `make image-test`")


@pytest.fixture
def releases() -> Iterator[Releases]:
    work = Path(WORK).resolve()
    folder = work / "sealing"
    shutil.rmtree(folder, ignore_errors=True)
    yield Releases(work, json.loads((work / "output" / "build.json").read_text("utf-8")), folder)
    shutil.rmtree(folder)


def test_the_tpm_opens_the_disk_for_the_vendors_systems_only(releases: Releases) -> None:
    kernels = (releases.built.kernel, releases.kernel(GOOD), releases.foreign_kernel())
    arguments = [seen(path, releases.work) for path in kernels]
    command = entered(releases.work, "bash", "/repository/tests/image/sealing.sh", *arguments)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [
        "same=opens", "updated=opens", "with-additions=shut", "other-secure-boot-keys=shut", "foreign=shut",
    ]  # fmt: skip
