"""A kernel image with other words in it, measured and signed again. Runs in the tools tree, as a program:

    sign_again.py SOURCE TARGET KEYS ROOT [OLD NEW]...

Each OLD has to be somewhere in the command lines or the description of the system. KEYS is the directory of the vendor's keys,
ROOT the file system of the image, which holds the stubs that SOURCE was made with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pefile  # type: ignore[import-not-found]  # of the tools tree

_STUBS: Final = "/usr/lib/systemd/boot/efi"
_ARCHITECTURES: Final = {0x8664: "x64", 0xAA64: "aa64"}
"""As UEFI names them, by the machine in a program's header."""
_WORDS: Final = frozenset({".cmdline", ".osrel"})
_KEPT: Final = frozenset({".linux", ".initrd", ".uname", ".profile", *_WORDS})


def main(source: str, target: str, keys: str, root: str, *words: str) -> None:
    changes = dict(zip(words[::2], words[1::2], strict=True))
    image = pefile.PE(source, fast_load=True)
    architecture = _ARCHITECTURES[image.FILE_HEADER.Machine]
    profiles = _read(image)
    everything = b"".join(profile[name] for profile in profiles for name in _WORDS & profile.keys())
    assert all(old.encode() in everything for old in changes), changes
    for profile in profiles:
        for name in _WORDS & profile.keys():
            for old, new in changes.items():
                profile[name] = profile[name].replace(old.encode(), new.encode())
    first, *others = profiles
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder)
        signing = [
            "--no-sign-kernel", "--signtool=systemd-sbsign", f"--secureboot-private-key={keys}/secure-boot.key",
            f"--secureboot-certificate={keys}/secure-boot.crt", f"--pcr-private-key={keys}/pcr.key", "--pcr-banks=sha256",
        ]  # fmt: skip
        joined = []
        for number, other in enumerate(others):
            binary = parts / f"profile{number}.efi"
            stub = _stub(f"addon{architecture}.efi.stub", root, parts)
            _ukify(architecture, stub, binary, _arguments(other, parts / str(number)))
            joined.append(f"--join-profile={binary}")
        del first[".profile"]  # ukify gives the first its name
        stub = _stub(f"linux{architecture}.efi.stub", root, parts)
        _ukify(architecture, stub, Path(target), [*_arguments(first, parts / "first"), *joined, *signing])


def _read(image: pefile.PE) -> list[dict[str, bytes]]:
    """Sections by name, of the first entry of the menu and of each further one."""
    profiles: list[dict[str, bytes]] = [{}]
    for section in image.sections:
        name = section.Name.rstrip(b"\0").decode()
        if name == ".profile" and ".profile" in profiles[-1]:
            profiles.append({})
        if name in _KEPT:
            profiles[-1][name] = section.get_data(length=section.Misc_VirtualSize)
    return profiles


def _arguments(profile: dict[str, bytes], folder: Path) -> list[str]:
    """Options of ukify for the sections, which are written to a folder."""
    folder.mkdir()
    options = {".linux": "--linux=", ".initrd": "--initrd=", ".osrel": "--os-release=@",
               ".cmdline": "--cmdline=@", ".profile": "--profile=@"}  # fmt: skip
    arguments = []
    for name, data in profile.items():
        path = folder / name[1:]
        path.write_bytes(data)
        arguments.append(f"--uname={data.decode()}" if name == ".uname" else f"{options[name]}{path}")
    return arguments


def _stub(name: str, root: str, folder: Path) -> Path:
    stub = folder / name
    with stub.open("wb") as file:
        subprocess.run(["dump.erofs", "--cat", f"--path={_STUBS}/{name}", root], check=True, stdout=file)
    return stub


def _ukify(architecture: str, stub: Path, target: Path, arguments: list[str]) -> None:
    command = ["ukify", "build", f"--efi-arch={architecture}", f"--stub={stub}", f"--output={target}", *arguments]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
