"""Makes update files, on the vendor's machine: `python -m appliance.update.pack --key KEY ... FILES`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import ChartsideError, InputError
from appliance.runtime.bundle import describe_file
from appliance.runtime.signature import read_private_key
from appliance.update.container import Component, Manifest, PackedFile, write_update
from appliance.update.release import Release, load_release


def pack(
    target: Path, files: tuple[Path, ...], key: Ed25519PrivateKey, *, release: Release, component: Component, created: datetime
) -> Manifest:
    """Write a signed update.

    Args:
        target: The update file.
        files: What systemd-sysupdate will find, under these names.
        key: The vendor's.
        release: The system that the files install; for models, the version is the bundle's.
        component: What is updated.
        created: When the update is made.

    Raises:
        InputError: A file cannot be read, or a name or version is not allowed.
    """
    packed = []
    for path in files:
        found = describe_file(path)
        if found is None:
            raise InputError(f"There is no file {path}.", hint="Build the image first.")
        packed.append(PackedFile(path.name, found.bytes, found.sha256))
    facts = {
        "product": release.product,
        "version": release.version,
        "board": release.board,
        "component": component,
        "created": created,
        "files": msgspec.to_builtins(packed),
    }
    try:
        manifest = msgspec.convert(facts, Manifest)
    except msgspec.ValidationError as error:
        raise InputError(f"The update cannot be described: {error}.", hint="Versions are numbers with dots.") from error
    with target.open("wb") as file:
        write_update(file, manifest, files, key)
    return manifest


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", "key_file", type=click.Path(path_type=Path), required=True, help="Secret Ed25519 key (PEM).")
@click.option("--release", "release_file", type=click.Path(path_type=Path), required=True, help="release.json of the image.")
@click.option("--models", metavar="VERSION", help="FILES are a model bundle of this version, not a system.")
@click.option("--output", type=click.Path(path_type=Path), required=True)
def main(files: tuple[Path, ...], key_file: Path, release_file: Path, models: str | None, output: Path) -> None:
    """Pack FILES into a signed update."""
    try:
        release = load_release(release_file)
        if models:
            release = msgspec.structs.replace(release, version=models)
        component: Component = "models" if models else "system"
        pack(output, files, read_private_key(key_file), release=release, component=component, created=datetime.now(UTC))
    except ChartsideError as error:
        raise click.ClickException(f"{error.message} {error.hint}") from error


if __name__ == "__main__":
    main()
