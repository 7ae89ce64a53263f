"""Where visits come from: `synthetic=FILE`, `aci=FILE`, `mts=FILE`, `folder=DIRECTORY`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from training.datasets.aci import read_aci
from training.datasets.folder import read_folder
from training.datasets.mts import read_mts
from training.visits import Visit, read_visits

READERS: Final[dict[str, Callable[[Path], list[Visit]]]] = {
    "synthetic": read_visits,
    "aci": read_aci,
    "mts": read_mts,
    "folder": read_folder,
}
"""Reader of every kind of source."""


def read_source(source: str) -> list[Visit]:
    """Read the visits of one source.

    Args:
        source: Kind and path, such as `aci=DIRECTORY/train.json`.

    Raises:
        InputError: The kind is unknown, or the file cannot be used.
    """
    kind, _, path = source.partition("=")
    if kind not in READERS or not path:
        kinds = ", ".join(f"{known}=PATH" for known in READERS)
        raise InputError(f"{source!r} does not say where visits come from.", hint=f"Expected one of {kinds}.")
    return READERS[kind](Path(path))


def fingerprint(visits: Iterable[Visit]) -> str:
    """SHA-256, in hex, of all visits in their order: says which data an adapter was tuned on."""
    digest = hashlib.sha256()
    encoder = msgspec.json.Encoder()
    for visit in visits:
        digest.update(encoder.encode(visit) + b"\n")
    return digest.hexdigest()
