"""Profiles for accelerators: what can be held without the hardware.

`CHARTSIDE_TEST_WHEELS=DIRECTORY` fetches and installs the wheels of both profiles there (2.3 GB, and 5 GB unpacked).
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import pytest
import wheels
from gpu_architectures import architectures_in, libraries_of, shown

from appliance.update.release import Board

ROOT = Path(__file__).parent.parent.parent
IMAGE = ROOT / "image"
PROFILES = {"intel": "openvino.txt", "nvidia": "nvidia.txt"}
"""The lock file of each."""
FETCHED = os.environ.get("CHARTSIDE_TEST_WHEELS", "")


def entry(kind: int, architecture: int, code: bytes = b"code" * 4) -> bytes:
    return struct.pack("<HHIQ12xI", kind, 0x101, 64, len(code), architecture).ljust(64, b"\0") + code


def fat_binary(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def test_code_for_gpus_is_found_wherever_it_is_in_a_library(tmp_path: Path) -> None:
    library = tmp_path / "libx.so.1"
    first, second = fat_binary(entry(2, 80), entry(2, 120), entry(1, 120)), fat_binary(entry(2, 80), entry(8, 50), entry(9, 75))
    library.write_bytes(b"\x7fELF" + b"x" * 100 + first + b"y" * 33 + second)
    found = architectures_in(library)
    assert found == {"sm_80": 2, "sm_120": 1, "compute_120": 1, "lto_50": 1, "kind9_75": 1}
    assert shown(found) == "sm_80 sm_120 compute_120 lto_50 kind9_75"


@pytest.mark.parametrize("content", [b"", b"\x7fELF nothing", b"\x50\xed\x55\xba", b"\x50\xed\x55\xba" + b"\xff" * 40])
def test_a_library_without_code_for_gpus_has_none(tmp_path: Path, content: bytes) -> None:
    library = tmp_path / "libx.so"
    library.write_bytes(content)
    assert not architectures_in(library)


@pytest.mark.parametrize(
    "damaged", [entry(2, 80)[:20], entry(2, 80)[:-4], struct.pack("<HHIQ", 2, 0x101, 0, 0).ljust(64, b"\0")]
)
def test_a_fat_binary_that_does_not_add_up_is_not_guessed_at(tmp_path: Path, damaged: bytes) -> None:
    library = tmp_path / "libx.so"
    library.write_bytes(fat_binary(entry(2, 75), damaged))
    with pytest.raises(ValueError, match="fat binary"):
        architectures_in(library)


def test_libraries_are_taken_out_of_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "x-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("x/lib/libx.so.12", fat_binary(entry(2, 90)))
        wheel.writestr("x/__init__.py", "")
    found = {name: architectures_in(library) for name, library in libraries_of(path, tmp_path / "scratch")}
    assert found == {"x/lib/libx.so.12": {"sm_90": 1}}
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_one_onnx_runtime_for_the_python_of_the_image(profile: str) -> None:
    lock = wheels.requirements_for((ROOT / "requirements" / PROFILES[profile]).read_text("utf-8"), "x86_64")
    names = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    runtime = {"intel": "onnxruntime-openvino", "nvidia": "onnxruntime-gpu"}[profile]
    assert [name for name in names if name.startswith("onnxruntime")] == [runtime]
    assert f"{PROFILES[profile]} " in (IMAGE / "build.sh").read_text("utf-8")


def test_every_board_that_is_built_can_be_updated() -> None:
    named = re.findall(r"board=\$architecture(\S*)", (IMAGE / "build.sh").read_text("utf-8"))
    assert named == ["", *(f"-{profile}" for profile in PROFILES)]
    assert {f"x86-64{name}" for name in named} | {"jetson-orin"} <= set(get_args(Board))


def test_the_cuda_libraries_are_of_the_version_that_debians_driver_serves() -> None:
    lock = (ROOT / "requirements" / "nvidia.txt").read_text("utf-8")
    cuda = dict(re.findall(r"^(nvidia-[a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    assert {"nvidia-cublas-cu12", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12", "nvidia-cufft-cu12"} <= set(cuda)
    assert all(name.endswith("-cu12") for name in cuda)


def read_ini(*paths: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    for path in paths:
        parser.read_string(path.read_text("utf-8"))
    return parser


def test_slots_are_as_large_in_the_running_system_as_they_were_built() -> None:
    profile = IMAGE / "mkosi.profiles" / "nvidia"
    sizes = {
        path.parent.name: dict(read_ini(path)["Partition"])
        for place in ("mkosi.repart", "mkosi.extra/usr/lib/repart.d")
        for path in (profile / place).glob("*/size.conf")
    }
    for built, running in {
        "10-root.conf.d": ["10-root-a.conf.d", "20-root-b.conf.d"],
        "11-root-verity.conf.d": ["11-root-a-verity.conf.d", "21-root-b-verity.conf.d"],
    }.items():
        assert [sizes[name] for name in running] == [sizes[built]] * 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("profile", PROFILES)
def test_devices_cost_the_note_service_little_of_its_sandbox(tmp_path: Path, profile: str) -> None:
    units = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(IMAGE / "units", units)
    shutil.copytree(IMAGE / "mkosi.profiles" / profile / "mkosi.extra/usr/lib/systemd/system", units, dirs_exist_ok=True)
    for target in ("sysinit", "basic", "multi-user", "sockets", "boot-complete"):
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    analyze = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={tmp_path}", "chartside-note.service"]
    printed = subprocess.run(analyze, check=False, capture_output=True, text=True).stdout
    found = re.search(r"exposure level for chartside-note\.service: ([0-9.]+)", printed)
    assert found, printed
    assert float(found[1]) <= 1.0, printed
    assert re.search(r"PrivateNetwork=\s+Service has no access to the host's network", printed), printed
    assert re.search(r"PrivateDevices=\s+Service potentially has access to hardware devices", printed), printed


@pytest.fixture(scope="module", params=PROFILES)
def installed(request: pytest.FixtureRequest) -> tuple[str, Path, Path]:
    """A profile, its wheels, and the directory that they are installed in, as the build of the image does it."""
    if not FETCHED:
        pytest.skip("fetches gigabytes: set CHARTSIDE_TEST_WHEELS to a directory for them")
    directory, site = Path(FETCHED) / request.param, Path(FETCHED) / f"{request.param}-site"
    command = [sys.executable, str(IMAGE / "wheels.py"), str(ROOT / "requirements" / PROFILES[request.param]), "x86-64"]
    subprocess.run([*command, str(directory)], check=True)
    shutil.rmtree(site, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--target", str(site)]
    fits = ["--python-version", wheels.TRIXIE.python, "--ignore-requires-python", "--only-binary", ":all:"]
    fits += wheels.platforms_for("x86_64")
    subprocess.run([*pip, *fits, *map(str, directory.glob("*.whl"))], check=True)
    return request.param, directory, site


@pytest.mark.timeout(3600)
def test_wheels_install_and_their_libraries_find_each_other(installed: tuple[str, Path, Path]) -> None:
    profile, _, site = installed
    provider = {"intel": "openvino", "nvidia": "cuda"}[profile]
    library = site / f"onnxruntime/capi/libonnxruntime_providers_{provider}.so"
    search = ":".join(map(str, site.glob("nvidia/*/lib")))
    said = subprocess.run(["ldd", str(library)], check=True, capture_output=True, text=True, env={"LD_LIBRARY_PATH": search})
    missing = re.findall(r"(\S+) => not found", said.stdout)
    assert set(missing) <= {"libcuda.so.1"}, "only what comes with the driver may be missing"
    unit = IMAGE / "mkosi.profiles" / profile / "mkosi.extra/usr/lib/systemd/system/chartside-note.service.d/with-gpu.conf"
    named = re.findall(r"/usr/lib/chartside/site-packages/([^:\s]+)", unit.read_text("utf-8"))
    assert sorted(named) == sorted(str(path.relative_to(site)) for path in site.glob("nvidia/*/lib"))


@pytest.mark.timeout(3600)
def test_onnx_runtime_holds_code_for_the_gpus_that_the_guide_names(installed: tuple[str, Path, Path], tmp_path: Path) -> None:
    profile, directory, _ = installed
    if profile == "nvidia":
        (wheel,) = directory.glob("onnxruntime_gpu-*.whl")
        found = [shown(count) for _, path in libraries_of(wheel, tmp_path) if (count := architectures_in(path))]
        guide = (ROOT / "docs" / "profiles.md").read_text("utf-8")
        assert found, "no library holds code for a GPU"
        assert all(f"`{line}`" in guide for line in found), found
