"""A kernel image with other words in it, measured and signed again. Runs in the tools tree, as a program:

    sign_again.py SOURCE TARGET KEYS [OLD NEW]...

Each OLD has to be somewhere in the command lines or the description of the system. KEYS is the directory of the vendor's keys.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pefile  # type: ignore[import-not-found]  # of the tools tree

_STUBS: Final = Path("/usr/lib/systemd/boot/efi")
_WORDS: Final = frozenset({".cmdline", ".osrel"})
_KEPT: Final = frozenset({".linux", ".initrd", ".uname", ".profile", *_WORDS})


def main(source: str, target: str, keys: str, *words: str) -> None:
    changes = dict(zip(words[::2], words[1::2], strict=True))
    profiles = _read(source)
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
            _ukify("addonx64.efi.stub", binary, _arguments(other, parts / str(number)))
            joined.append(f"--join-profile={binary}")
        del first[".profile"]  # ukify gives the first its name
        _ukify("linuxx64.efi.stub", Path(target), [*_arguments(first, parts / "first"), *joined, *signing])


def _read(path: str) -> list[dict[str, bytes]]:
    """Sections by name, of the first entry of the menu and of each further one."""
    profiles: list[dict[str, bytes]] = [{}]
    for section in pefile.PE(path, fast_load=True).sections:
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


def _ukify(stub: str, target: Path, arguments: list[str]) -> None:
    command = ["ukify", "build", "--efi-arch=x64", f"--stub={_STUBS / stub}", f"--output={target}", *arguments]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
