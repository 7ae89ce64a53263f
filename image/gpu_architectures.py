#!/usr/bin/env python3
"""Which GPUs the libraries of a profile hold code for. What a wheel's page promises and what is in the wheel are two things.

CUDA libraries carry "fat binaries": a header, then one entry per architecture with machine code (sm_80), with assembler that
the driver compiles for newer GPUs (compute_90, PTX), or with code that is compiled when it is linked (lto_50). NVIDIA does not
document the layout; `cuobjdump` of CUDA 13.5 counts the same in onnxruntime-gpu 1.26.0 and 1.31.1 (docs/profiles.md).
"""

from __future__ import annotations

import mmap
import struct
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

_MAGIC: Final = 0xBA55ED50
_HEADER: Final = struct.Struct("<IHHQ")
"""Magic, version, bytes of the header, bytes of the entries."""
_ENTRY: Final = struct.Struct("<HHIQ12xI")
"""Kind, version, bytes of the entry's header, bytes of its code, 12 bytes that do not matter here, architecture."""
_KINDS: Final = {2: "sm", 1: "compute", 8: "lto"}


def architectures_in(library: Path) -> Counter[str]:
    """How often a library has code for each architecture, such as `sm_80`; empty if it holds none.

    Raises:
        ValueError: A fat binary ends where it should not.
    """
    found: Counter[str] = Counter()
    if library.stat().st_size == 0:
        return found
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        magic = struct.pack("<I", _MAGIC)
        at = code.find(magic)
        while at >= 0:
            end = at + len(magic)
            if at + _HEADER.size <= len(code):
                _, version, header, length = _HEADER.unpack_from(code, at)
                if (version, header) == (1, _HEADER.size) and at + header + length <= len(code):
                    end = at + header + length
                    found.update(_entries(code, at + header, end))
            at = code.find(magic, end)
    return found


def _entries(code: mmap.mmap, at: int, end: int) -> Iterator[str]:
    while at < end:
        if at + _ENTRY.size > end:
            raise ValueError(f"The fat binary is cut off at byte {at}.")
        kind, _, header, length, architecture = _ENTRY.unpack_from(code, at)
        if header < _ENTRY.size or at + header + length > end:
            raise ValueError(f"There is no entry of a fat binary at byte {at}.")
        yield f"{_KINDS.get(kind, f'kind{kind}')}_{architecture}"
        at += header + length


def libraries_of(path: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """The shared libraries of a wheel, unpacked one after the other; a library is itself.

    Args:
        path: A wheel or a library.
        scratch: Where to unpack; each library is gone when the next one is asked for.
    """
    if path.suffix != ".whl":
        yield path.name, path
        return
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if ".so" in Path(name).suffixes:
                unpacked = Path(wheel.extract(name, scratch))
                yield name, unpacked
                unpacked.unlink()


def shown(architectures: Counter[str]) -> str:
    """The architectures in order: machine code first."""
    order = list(_KINDS.values())

    def key(name: str) -> tuple[int, int]:
        kind, _, number = name.partition("_")
        return order.index(kind) if kind in order else len(order), int(number)

    return " ".join(sorted(architectures, key=key))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(files: tuple[Path, ...]) -> None:
    """Print one line for each library in FILES, wheels or libraries, that holds code for GPUs."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in files:
            for name, library in libraries_of(path, Path(scratch)):
                if found := architectures_in(library):
                    click.echo(f"{name}: {shown(found)}")


if __name__ == "__main__":
    main()
