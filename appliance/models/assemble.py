"""What every writer of models shares: directories that are there whole or not at all, and the manifest of a bundle."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.errors import InputError, StorageError
from appliance.runtime.bundle import MANIFEST_FILE, BundleFile, Manifest, describe_file


@contextmanager
def staging(directory: Path, *, replaces: str | None = None) -> Iterator[Path]:
    """A new directory to fill, which takes the place of `directory` when the block ends without an error.

    Args:
        directory: What is to be made.
        replaces: A directory that is there already goes only if it is empty or holds a file of this name; None takes any.

    Yields:
        The directory to fill, on the same disk.

    Raises:
        InputError: There is something else at this place.
        StorageError: The disk is full or not writable.
    """
    if replaces and _holds_something_else(directory, replaces):
        message = f"{directory} holds something else, which would be lost."
        raise InputError(message, hint="Choose a new directory.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=directory.parent) as name:
            scratch = Path(name)
            staged = scratch / directory.name
            staged.mkdir()
            yield staged
            if directory.exists():
                directory.rename(scratch / ".replaced")
            staged.rename(directory)
    except OSError as error:
        message = f"{directory} cannot be written: {error.strerror or error}."
        raise StorageError(message, hint="Free some space or choose another directory.") from error


def write_manifest(staged: Path, manifest: Manifest) -> None:
    """Write `bundle.json` of a bundle whose other files are all there.

    Args:
        staged: The bundle's directory.
        manifest: All but its `files`, which are described here.
    """
    files: dict[str, BundleFile] = {}
    for path in sorted(staged.rglob("*")):
        described = describe_file(path) if path.is_file() else None
        if described:
            files[path.relative_to(staged).as_posix()] = described
    encoded = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)), indent=2)
    (staged / MANIFEST_FILE).write_bytes(encoded + b"\n")


def copy_into(source: Path, target: Path) -> None:
    """Copy a file or a directory into a bundle.

    Raises:
        InputError: There is nothing to copy.
    """
    if not source.exists():
        raise InputError(f"There is no {source}.", hint="Check the path.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _holds_something_else(directory: Path, marker: str) -> bool:
    if not directory.exists():
        return False
    return not directory.is_dir() or (any(directory.iterdir()) and not (directory / marker).is_file())
