#!/usr/bin/env python3
"""What a vendor does with a build: list what is in it, sign it, check it. `make image` and `make verify-release` call this."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from checksums import write_checksums
from sbom import bill_of, debian_parts, model_part, npm_parts, python_parts
from verify_release import verify_release

from appliance.console import CONTEXT, CommandGroup
from appliance.runtime.signature import read_private_key
from appliance.update.keys import load_trusted_keys
from appliance.update.release import load_release

_PATH = click.Path(path_type=Path)
_NPM_LOCK: Final = Path(__file__).resolve().parent.parent / "web" / "package-lock.json"


@click.group("release", cls=CommandGroup, context_settings=CONTEXT)
def main() -> None:
    """List what is in a build, sign it, check it."""


@main.command()
@click.argument("output", type=_PATH)
@click.argument("manifests", nargs=-1, required=True, type=_PATH)
@click.option("--work", type=_PATH, required=True, help="Folder of the build.")
@click.option("--bundle", type=_PATH, envvar="CHARTSIDE_BUNDLE", required=True, help="Directory of the model bundle.")
@click.option("--made", type=int, envvar="SOURCE_DATE_EPOCH", required=True, help="Time of the sources, in UNIX seconds.")
def sbom(output: Path, manifests: tuple[Path, ...], work: Path, bundle: Path, made: int) -> None:
    """Write the bill of materials (CycloneDX) of a build to OUTPUT; MANIFESTS are those that mkosi wrote."""
    product = work / "stage" / "usr" / "lib" / "chartside"
    parts = [
        *debian_parts(manifests),
        *python_parts(product / "site-packages", work / "wheels"),
        *npm_parts(_NPM_LOCK),
        model_part(bundle),
    ]
    release = load_release(product / "release.json")
    output.write_text(bill_of(release, parts, datetime.fromtimestamp(made, UTC)), "utf-8")


@main.command()
@click.argument("folder", type=_PATH)
@click.option("--key", type=_PATH, required=True, help="Secret Ed25519 key for updates (PEM).")
def sign(folder: Path, key: Path) -> None:
    """Write SHA256SUMS of a release FOLDER, and its signature."""
    write_checksums(folder, read_private_key(key))


@main.command()
@click.argument("folder", type=_PATH)
@click.option("--keys", type=_PATH, required=True, help="Directory of the public update keys, from elsewhere than the release.")
def verify(folder: Path, keys: Path) -> None:
    """Check a release FOLDER: signature, checksums, bill of materials, update file."""
    found = verify_release(folder, load_trusted_keys(keys), datetime.now(UTC))
    click.echo(
        f"{found.product} {found.version} for {found.board}, signed by {found.signer}: {found.files} files, "
        f"{found.parts} parts. The release is whole."
    )


if __name__ == "__main__":
    main()
