"""Is this folder the release that the vendor signed, and do its parts say the same?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from checksums import check_checksums
from cyclonedx.validation.json import JsonStrictValidator
from sbom import SCHEMA, SUFFIX, read_debian_manifest

from appliance.errors import InputError
from appliance.update import container
from appliance.update.keys import TrustedKey

_DEBIAN = "pkg:deb/debian/"
_BUILD = "Build the release again."


@dataclass(frozen=True)
class Verified:
    """A release that is whole."""

    product: str
    version: str
    board: str
    signer: str
    files: int
    parts: int
    """In the bill of materials."""


def verify_release(folder: Path, keys: Sequence[TrustedKey], now: datetime) -> Verified:
    """Check a release folder: signature, checksums, bill of materials, update file, in this order.

    Args:
        folder: The release, as published.
        keys: Whose signature counts. From elsewhere: a release cannot vouch for itself.
        now: A key that has expired by then does not count.

    Raises:
        InputError: Something is missing, was changed, or contradicts something else.
    """
    names, signer = check_checksums(folder, keys, now)
    bill = _read_bill(folder / _only(names, SUFFIX))
    manifests = [read_debian_manifest(folder / name) for name in names if name.endswith(".manifest")]
    built = {(package.name, package.version) for manifest in manifests for package in manifest.packages}
    listed = {(part["name"], part["version"]) for part in bill["components"] if part.get("purl", "").startswith(_DEBIAN)}
    for name, version in sorted(built - listed):
        message = f"The bill of materials does not name {name} {version}, which is in the image."
        raise InputError(message, hint=_BUILD)
    for name, version in sorted(listed - built):
        message = f"The bill of materials names {name} {version}, which is not in the image."
        raise InputError(message, hint=_BUILD)
    update = _verify_update(folder / _only(names, container.SUFFIX), keys, now)
    system = bill["metadata"]["component"]
    if (system["name"], system["version"]) != (update.product, update.version):
        message = f"The bill of materials is that of {system['name']} {system['version']}, the update is {update.version}."
        raise InputError(message, hint=_BUILD)
    return Verified(update.product, update.version, update.board, signer.name, len(names), len(bill["components"]))


def _only(names: Sequence[str], suffix: str) -> str:
    found = [name for name in names if name.endswith(suffix)]
    if len(found) != 1:
        raise InputError(f"A release has one file that ends in {suffix}; this one has {len(found)}.", hint=_BUILD)
    return found[0]


def _read_bill(path: Path) -> dict[str, Any]:
    text = path.read_text("utf-8", "replace")
    try:
        bill: dict[str, Any] = json.loads(text)
        fits = JsonStrictValidator(SCHEMA).validate_str(text) is None
    except ValueError:
        fits = False
    if not fits:
        raise InputError(f"The bill of materials {path.name} does not fit the schema of CycloneDX.", hint=_BUILD)
    return bill


def _verify_update(path: Path, keys: Sequence[TrustedKey], now: datetime) -> container.Manifest:
    with path.open("rb") as file:
        update, signer = container.read_manifest(file, keys)
        if signer.expires <= max(now, update.created):
            raise InputError(f"The key that signed {path.name} has expired.", hint="Sign the update with a newer key.")
        container.read_files(file, update, lambda _file, _block: None)
    return update
