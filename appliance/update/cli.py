"""The command `chartside update`."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from appliance.options import settings_options
from appliance.settings import Settings
from appliance.update import install as installing
from appliance.update.handover import answer
from appliance.update.here import described, install_file, load_box, status_of
from appliance.update.release import load_release
from appliance.update.self_test import command as self_test
from appliance.update.store import raise_floor


@click.group()
def update() -> None:
    """Check and install signed updates of the box."""


@update.command()
@settings_options("bundle")
@click.argument("file", type=click.Path(path_type=Path))
def verify(settings: Settings, file: Path) -> None:
    """Check whether FILE may be installed on this box, without installing it."""
    click.echo(f"{described(installing.verify(file, load_box(settings)))} may be installed.")


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
    for line in status_of(load_box(settings)):
        click.echo(line)


@update.command("take", hidden=True)
@settings_options("bundle")
def take(settings: Settings) -> None:
    """Do what the kiosk asks for on the connection that is the standard input: install an update, or restart the box."""
    with socket.socket(fileno=0) as connection:
        answer(connection, lambda file, told: install_file(settings, file, told))


@update.command("keep-floor", hidden=True)
def keep_floor() -> None:
    """Close the way back to systems under this one's floor; the image runs this after the self-test."""
    raise_floor(load_release())


update.add_command(self_test)
