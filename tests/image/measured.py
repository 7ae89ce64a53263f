"""What systemd-stub measures of a kernel image into PCR 11, as digests for tpm2_pcrextend. Runs in the tools tree:

    measured.py KERNEL SIGNATURES

The signed measurements of its first entry go to the file SIGNATURES.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

import pefile  # type: ignore[import-not-found]  # of the tools tree

_ORDER: Final = (".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat", ".pcrpkey", ".profile")


def main(kernel: str, signatures: str) -> None:
    sections: dict[str, bytes] = {}
    for section in pefile.PE(kernel, fast_load=True).sections:
        name = section.Name.rstrip(b"\0").decode()
        sections.setdefault(name, section.get_data(length=section.Misc_VirtualSize))
    Path(signatures).write_bytes(sections[".pcrsig"])
    for name in _ORDER:
        for measured in (name.encode() + b"\0", sections[name]):
            print(f"11:sha256={hashlib.sha256(measured).hexdigest()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
