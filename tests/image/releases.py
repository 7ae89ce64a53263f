"""Update files for a box that runs a built image: a good one, one that never boots, one that is unhealthy, and six attacks.

The good one has a root of its own: the built one with another version in it, and hashes and root hash made anew. A whole build
would take ten minutes and prove the same.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tools_tree import ROOT, entered, seen

from appliance.runtime.signature import read_private_key
from appliance.update.container import MAGIC
from appliance.update.keys import load_trusted_keys
from appliance.update.pack import pack
from appliance.update.release import Release, load_release

GOOD: Final = "9.9.1"
NEVER_BOOTS: Final = "9.9.2"
UNHEALTHY: Final = "9.9.3"
"""Its self-test fails because the test says so; see `box_services.py`."""
ATTACKS: Final = ("downgraded", "expired-key", "tampered", "truncated", "unsigned", "wrong-board")
_CREDENTIALS: Final = ("systemd.import_credentials=no", "systemd.import_credentials=yes")
_SPLIT = re.compile(r"root-(?P<board>[a-z0-9-]+?)(?P<kind>-verity)?\.(?P<id>[0-9a-f]{32})\.raw$")


@dataclass(frozen=True)
class Files:
    """What a system consists of, under names of any version."""

    root: Path
    hashes: Path
    kernel: Path

    @property
    def root_hash(self) -> str:
        """systemd's rule: the first half of it is the id of the root partition, the second half that of its hashes."""
        return "".join(_SPLIT.search(path.name)["id"] for path in (self.root, self.hashes))  # type: ignore[index]


class Releases:
    """Makes update files in a folder.

    Args:
        work: The work folder of the build.
        built: `build.json` of the build.
        folder: Inside `work`.
    """

    def __init__(self, work: Path, built: dict[str, Any], folder: Path) -> None:
        self.work, self.folder, self.version = work, folder, str(built["version"])
        self.release: Release = load_release(work / "stage/usr/lib/chartside/release.json")
        update = work / "update"
        kernel = next(update.glob("*.efi"))
        split = {bool(found["kind"]): path for path in update.iterdir() if (found := _SPLIT.search(path.name))}
        self.built = Files(split[False], split[True], kernel)

    @property
    def keys(self) -> Path:
        return Path(os.environ.get("CHARTSIDE_KEYS", self.work / "keys"))

    @property
    def key(self) -> Ed25519PrivateKey:
        return read_private_key(self.keys / "update.key")

    def pack(self, name: str, files: Files, version: str, *, board: str = "", created: datetime | None = None) -> Path:
        """Sign files as a version, under that version's names."""
        links = self.folder / f"files-{name}"
        shutil.rmtree(links, ignore_errors=True)
        links.mkdir(parents=True)
        for path in (files.root, files.hashes, files.kernel):
            (links / re.sub(r"^chartside_[0-9.]+\.", f"chartside_{version}.", path.name)).hardlink_to(path)
        release = msgspec.structs.replace(self.release, version=version, board=board or self.release.board)
        target = self.folder / f"{name}.chartside"
        packed = tuple(sorted(links.iterdir()))
        pack(target, packed, self.key, release=release, component="system", created=created or datetime.now(UTC))
        shutil.rmtree(links)
        return target

    def good(self) -> Path:
        """A root with another version in it, verified by its own root hash."""
        tree, disk = self.folder / "root", self.folder / f"chartside_{GOOD}.raw"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._inside("fsck.erofs", f"--extract={seen(tree, self.work)}", seen(self.built.root, self.work))
        for name in ("usr/lib/os-release", "usr/lib/chartside/release.json"):
            text = (tree / name).read_text("utf-8")
            assert self.version in text
            (tree / name).write_text(text.replace(self.version, GOOD))
        definitions = self.folder / "definitions"
        definitions.mkdir(exist_ok=True)
        for name in ("10-root.conf", "11-root-verity.conf"):
            shutil.copy(ROOT / "image/mkosi.repart" / name, definitions)
        self._inside(
            "systemd-repart", "--offline=yes", "--empty=create", "--size=auto", "--dry-run=no", "--split=yes",
            f"--definitions={seen(definitions, self.work)}", f"--copy-source={seen(tree, self.work)}", seen(disk, self.work),
        )  # fmt: skip
        shutil.rmtree(tree)
        disk.unlink()
        split = {bool(found["kind"]): path for path in self.folder.iterdir() if (found := _SPLIT.search(path.name))}
        dumped = self._inside("veritysetup", "dump", seen(split[True], self.work))
        os.truncate(split[False], int(re.search(r"Data blocks:\s+(\d+)", dumped)[1]) * 4096)  # type: ignore[index]
        files = Files(split[False], split[True], self.folder / f"chartside_{GOOD}.efi")
        self._write_kernel(files.kernel, GOOD, files.root_hash)
        return self.pack("good", files, GOOD)

    def never_boots(self) -> Path:
        """A kernel that looks for a root that its own hash refuses."""
        root_hash = hashlib.sha256(b"never").hexdigest()
        start = f"chartside_{NEVER_BOOTS}.root-{self.release.board}"
        root, hashes = self.folder / f"{start}.{root_hash[:32]}.raw", self.folder / f"{start}-verity.{root_hash[32:]}.raw"
        # The start of real ones: a file system with hashes, but not those that the kernel was told.
        for path, source in ((root, self.built.root), (hashes, self.built.hashes)):
            with source.open("rb") as file:
                path.write_bytes(file.read(1024 * 1024))
        kernel = self.folder / f"chartside_{NEVER_BOOTS}.efi"
        self._write_kernel(kernel, NEVER_BOOTS, root_hash)
        return self.pack("never-boots", Files(root, hashes, kernel), NEVER_BOOTS)

    def unhealthy(self) -> Path:
        """The built system under a version whose self-test fails."""
        kernel = self.folder / f"chartside_{UNHEALTHY}.efi"
        self._write_kernel(kernel, UNHEALTHY, self.built.root_hash)
        return self.pack("unhealthy", Files(self.built.root, self.built.hashes, kernel), UNHEALTHY)

    def attacks(self) -> list[Path]:
        """What must be refused, by `ATTACKS`; small, since it is refused before anything is written."""
        small = self.folder / "small"
        small.mkdir(exist_ok=True)
        files = Files(*(small / path.name for path in (self.built.root, self.built.hashes, self.built.kernel)))
        for path in (files.root, files.hashes, files.kernel):
            path.write_bytes(bytes(200_000))
        (key,) = load_trusted_keys(self.work / "stage/usr/lib/chartside/update-keys")
        sound = self.pack("sound", files, GOOD).read_bytes()
        damaged = {"tampered": bytearray(sound), "truncated": bytearray(sound[:-70_000]), "unsigned": bytearray(sound)}
        damaged["tampered"][-100_000] ^= 1
        signature = len(MAGIC) + 4 + int.from_bytes(sound[len(MAGIC) : len(MAGIC) + 4], "big")
        damaged["unsigned"][signature : signature + 64] = bytes(64)
        for name, data in damaged.items():
            (self.folder / f"{name}.chartside").write_bytes(data)
        made = [
            self.pack("downgraded", files, "0.0.9"),
            self.pack("wrong-board", files, GOOD, board="arm64"),
            self.pack("expired-key", files, GOOD, created=key.expires + timedelta(days=1)),
            *(self.folder / f"{name}.chartside" for name in damaged),
        ]
        assert {path.stem for path in made} == set(ATTACKS)
        return made

    def kernel(self, version: str = "") -> Path:
        """That of the build, but for the credentials, which it takes, and the console, which is one that the test can read."""
        target = self.folder / f"chartside_{version or self.version}.efi"
        self._write_kernel(target, version or self.version, self.built.root_hash)
        return target

    def kernel_with_display(self) -> Path:
        """The same with the console of the build: what the system says goes to the display."""
        target = self.folder / f"chartside_{self.version}.efi"
        self._sign_again(target, self._keys, _CREDENTIALS)
        return target

    def foreign_kernel(self) -> Path:
        """The one of the build, signed by somebody else."""
        others = self.folder / "foreign-keys"
        subprocess.run([ROOT / "image/keys.sh", others], check=True, stdout=subprocess.DEVNULL)
        target = self.folder / "foreign.efi"
        self._sign_again(target, others)
        return target

    def _write_kernel(self, target: Path, version: str, root_hash: str) -> None:
        changes = (
            (self.built.root_hash, root_hash),
            (f'IMAGE_VERSION="{self.version}"', f'IMAGE_VERSION="{version}"'),
            _CREDENTIALS,
            ("console=ttyS0 console=tty0", "console=tty0 console=ttyS0"),  # questions go to the last one
        )
        self._sign_again(target, self._keys, *changes)

    def _sign_again(self, target: Path, keys: Path, *changes: tuple[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        words = [word for change in changes for word in change]
        files = [seen(path, self.work) for path in (self.built.kernel, target, keys, self.built.root)]
        self._inside("python3", "/repository/tests/image/sign_again.py", *files, *words)

    @functools.cached_property
    def _keys(self) -> Path:
        """The vendor's, where the tools tree sees them."""
        keys = self.folder / "keys"
        shutil.copytree(self.keys, keys)
        return keys

    def _inside(self, *command: str) -> str:
        done = subprocess.run(entered(self.work, *command), check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout
