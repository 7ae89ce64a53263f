from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCK = """# made by hand
av==18.1.0 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
av==19.0.2 ; python_full_version >= '3.12' \\
    --hash=sha256:ba
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:ca
hf-xet==1.8.0 ; platform_machine == 'aarch64' \\
    --hash=sha256:da
flask==3.1.3 \\
    --hash=sha256:ea
"""


@pytest.fixture(scope="module")
def wheels() -> ModuleType:
    spec = importlib.util.spec_from_file_location("image_wheels", ROOT / "image" / "wheels.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_markers_are_read_for_the_image_and_not_for_this_python(wheels: ModuleType) -> None:
    assert wheels.requirements_for(LOCK, "x86_64").split() == (
        "av==19.0.2 \\ --hash=sha256:ba flask==3.1.3 \\ --hash=sha256:ea".split()
    )
    assert "hf-xet==1.8.0 \\\n    --hash=sha256:da\n" in wheels.requirements_for(LOCK, "aarch64")
    assert "av==18.1.0" in wheels.requirements_for(LOCK, "x86_64", wheels.System("3.11", 36))


def test_every_requirement_of_the_real_lock_has_hashes_and_no_marker(wheels: ModuleType) -> None:
    text = wheels.requirements_for((ROOT / "requirements" / "runtime.txt").read_text("utf-8"), "x86_64")
    names = [line.split("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    assert {"flask", "numpy", "onnxruntime", "ctranslate2"} <= set(names)
    assert len(names) == len(set(names))
    assert ";" not in text
    assert text.count("\\\n    --hash") >= len(names)


def test_wheels_for_the_glibc_of_the_image_fit(wheels: ModuleType) -> None:
    platforms = wheels.platforms_for("aarch64")
    assert "manylinux_2_28_aarch64" in platforms
    assert "manylinux_2_42_aarch64" not in platforms
    assert "manylinux_2_41_aarch64" not in wheels.platforms_for("aarch64", wheels.SYSTEMS["noble"])
