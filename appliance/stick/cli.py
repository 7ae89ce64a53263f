"""The command `chartside stick`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from appliance.backup.cli import socket_option
from appliance.backup.keeper import keeper
from appliance.errors import ChartsideError, ConflictError
from appliance.options import settings_options
from appliance.settings import Settings
from appliance.stick import apply as applying
from appliance.stick.files import Stick
from appliance.update.here import install_file

_STATE = Path("/var/lib/chartside-stick")


@click.group()
def stick() -> None:
    """Do what a USB stick labelled CHARTSIDE says."""


@stick.command()
@settings_options("data_dir", "bundle", "name")
@socket_option
@click.option("--state-dir", type=click.Path(path_type=Path), default=_STATE, help="Directory of what outlives a restart.")
@click.option("--report", type=click.Path(path_type=Path), help="Where the report goes; default: `report.txt` on the stick.")
@click.option("--updates/--no-updates", default=True, help="Whether updates are installed.")
@click.option("--settings/--no-settings", "set_up", default=True, help="Whether time, network and certificate are set.")
@click.argument("directory", type=click.Path(path_type=Path))
def apply(
    settings: Settings,
    *,
    socket_dir: Path | None,
    state_dir: Path,
    report: Path | None,
    updates: bool,
    set_up: bool,
    directory: Path,
) -> None:
    """Set time, address and certificate and install the update that are in DIRECTORY, and write a report there."""

    def use_certificate(pem: bytes) -> None:
        with keeper(settings, socket_dir) as kept:
            kept.use_certificate(pem)

    with Stick(directory) as opened:
        applier = applying.Applier(
            opened,
            state_dir,
            settings.connect_dir / "clock",
            use_certificate,
            lambda path: install_file(settings, path),
            applying.run,
        )
        outcomes = [*(applier.settings() if set_up else ()), *(applier.updates() if updates else ())]
        name = settings.name or (_asked_name(settings, socket_dir) if set_up else "")
    text = applying.report(outcomes, name)
    click.echo(text, nl=False)
    # The part that installs updates comes second.
    if outcomes or set_up:
        applying.write_report(report or directory / applying.REPORT, text, append=not set_up)
    sys.exit(not all(outcome.done for outcome in outcomes) and ConflictError.exit_code)


def _asked_name(settings: Settings, socket_dir: Path | None) -> str:
    """What the kiosk says the box is called; empty if it does not answer."""
    with suppress(ChartsideError), keeper(settings, socket_dir) as kept:
        return kept.name()
    return ""
