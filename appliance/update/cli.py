"""The command `chartside update`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from appliance.errors import BundleError
from appliance.options import settings_options
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings
from appliance.update import install as installing
from appliance.update.container import Manifest
from appliance.update.keys import load_trusted_keys
from appliance.update.policy import Box
from appliance.update.release import load_release
from appliance.update.self_test import command as self_test
from appliance.update.store import load_floor, raise_floor


@click.group()
def update() -> None:
    """Check and install signed updates of the box."""


@update.command()
@settings_options("bundle")
@click.argument("file", type=click.Path(path_type=Path))
def verify(settings: Settings, file: Path) -> None:
    """Check whether FILE may be installed on this box, without installing it."""
    click.echo(f"{_described(installing.verify(file, _box(settings)))} may be installed.")


@update.command()
@settings_options("bundle")
@click.argument("file", type=click.Path(path_type=Path))
def install(settings: Settings, file: Path) -> None:
    """Install FILE; a new system takes effect at the next boot, and goes away again if it fails its self-test."""
    click.echo(install_file(settings, file))


@update.command()
@settings_options("bundle")
def status(settings: Settings) -> None:
    """Print what is installed, and whose updates are taken."""
    box = _box(settings)
    click.echo(
        f"System {box.installed.version} for {box.installed.board}, models {box.models}, nothing older than {box.floor}."
    )
    for key in box.keys:
        click.echo(f"Updates signed by {key.name} are taken until {key.expires:%d %B %Y}.")


@update.command("keep-floor", hidden=True)
def keep_floor() -> None:
    """Close the way back to systems under this one's floor; the image runs this after the self-test."""
    raise_floor(load_release())


update.add_command(self_test)


def install_file(settings: Settings, file: Path) -> str:
    """Install an update; returns what it is and what to do next.

    Raises:
        ChartsideError: It may not be installed, or could not be; the running system is unchanged.
    """
    manifest = installing.install(file, _box(settings))
    last = "Restart the box." if manifest.component == "system" else "Restart the services, or the box."
    return f"{_described(manifest)} is installed. {last}"


def _box(settings: Settings) -> Box:
    installed = load_release()
    try:
        models = Bundle(settings.bundle).manifest.version
    except BundleError:  # an update may bring the bundle
        models = "0"
    return Box(installed, models, load_floor(installed), load_trusted_keys(), datetime.now(UTC))


def _described(manifest: Manifest) -> str:
    return f"{'System' if manifest.component == 'system' else 'Model bundle'} {manifest.version}"
