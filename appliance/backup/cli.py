"""The commands `chartside retention`, `chartside backup` and `chartside audit`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from appliance.backup import places, recovery, restore
from appliance.backup.contents import About
from appliance.backup.keeper import keeper
from appliance.console import log
from appliance.errors import InputError, NotFoundError
from appliance.options import settings_options
from appliance.recorded import as_json
from appliance.settings import Settings

F = TypeVar("F", bound=Callable[..., object])
_LONGEST_PASSPHRASE = 1024


def socket_option(command: F) -> F:
    """The option `--socket-dir`, of a command that asks the kiosk."""
    help_ = "Directory of the kiosk's socket `keeper.sock`; default: the data directory."
    return click.option("--socket-dir", type=click.Path(path_type=Path), help=help_)(command)


def _passphrase_option(command: F) -> F:
    help_ = "File with the recovery passphrase; default: ask for it."
    return click.option("--passphrase-file", type=click.Path(path_type=Path), help=help_)(command)


@click.group()
def retention() -> None:
    """Delete what is over its time."""


@retention.command("run")
@settings_options("data_dir")
@socket_option
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--json", "json", is_flag=True, help="The ids of all encounters concerned, as JSON.")
def retention_run(settings: Settings, socket_dir: Path | None, dry_run: bool, json: bool) -> None:  # noqa: FBT001
    """Delete audio and encounters that are over their time, as the settings `keep_audio_days` and `keep_days` say.

    A running kiosk does it, by its own settings.
    """
    with keeper(settings, socket_dir) as kept:
        report = kept.retention(dry_run=dry_run)
    if json:
        click.echo(as_json(report))
        return
    done = "would be deleted" if dry_run else "deleted"
    click.echo(f"Encounters {done}: {len(report.encounters)}. Audio {done}: {len(report.audio)}.")
    if report.unsigned:
        click.echo(f"Over their time but not signed, and so kept: {len(report.unsigned)}. Sign or delete them on the page:")
        for encounter in report.unsigned:
            click.echo(f"  {encounter}")
    if report.failed:
        raise InputError(
            f"{len(report.failed)} encounters could not be read or deleted: {', '.join(report.failed)}.",
            hint="Check the disk, or delete them on the page.",
        )


@click.group()
def backup() -> None:
    """Make, check and restore encrypted backups."""


@backup.command()
@settings_options("data_dir")
@_passphrase_option
def passphrase(settings: Settings, passphrase_file: Path | None) -> None:
    """Set the recovery passphrase: one that the box makes and shows once, or that of a file.

    Backups made before keep their passphrase.
    """
    words = _read(passphrase_file) if passphrase_file else recovery.make_passphrase()
    key = recovery.make_key(words)
    key.save(settings.recovery_key)
    if passphrase_file is None:
        click.echo(words)
        log.print("Write it down and keep it apart from the box and the backups. Without it, no backup can be restored.")


@backup.command()
@settings_options("data_dir", "backup_keep", "stick_dir")
@socket_option
@click.argument("to", required=False, metavar="[DIRECTORY|stick]")
@click.option("--if-possible", is_flag=True, help="Without a place, a passphrase or a stick, say so and succeed.")
def create(settings: Settings, socket_dir: Path | None, to: str | None, if_possible: bool) -> None:  # noqa: FBT001
    """Make a backup in DIRECTORY or on the USB stick; default: where the setting `backup_to` says.

    The oldest backups of this box go when there are more than `backup_keep`.
    """
    try:
        path = _create(settings, socket_dir, to)
    except NotFoundError as error:
        if not if_possible:
            raise
        click.echo(f"No backup was made. {error.message}")
        return
    click.echo(f"{path}: {places.megabytes(path.stat().st_size)} MB.")
    for old in places.prune(path, settings.backup_keep):
        click.echo(f"{old.name} was removed.")


@backup.command()
@_passphrase_option
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path, passphrase_file: Path | None) -> None:
    """Read backup FILE to its end and say what it holds."""
    click.echo(f"The backup is whole: {_described(restore.verify(file, _ask(passphrase_file)))}.")


@backup.command("restore")
@settings_options("data_dir")
@_passphrase_option
@click.argument("file", type=click.Path(path_type=Path))
def restore_(settings: Settings, file: Path, passphrase_file: Path | None) -> None:
    """Put backup FILE into a box without encounters. Stop the kiosk first."""
    about = restore.restore(file, _ask(passphrase_file), settings)
    click.echo(f"Restored: {_described(about)}. Start the kiosk; tablets that were paired need nothing.")


@click.command()
@settings_options("data_dir")
@socket_option
@click.option("--json", "json", is_flag=True, help="The entries as JSON.")
def audit(settings: Settings, socket_dir: Path | None, json: bool) -> None:  # noqa: FBT001
    """Print what was deleted, backed up and restored, after checking that the chain was not changed."""
    with keeper(settings, socket_dir) as kept:
        entries = kept.audit()
    if json:
        click.echo(as_json(entries))
        return
    for entry in entries:
        about = entry.encounter or entry.detail
        click.echo(f"{_time(entry.at)}  {entry.event:<17}  {entry.actor:<13}  {about}")


def _create(settings: Settings, socket_dir: Path | None, to: str | None) -> Path:
    where = to or settings.backup_to
    if not where:
        raise NotFoundError("No place for backups is set.", hint="Give one, or set `backup_to`.")
    place = places.find_place(where, settings)
    with keeper(settings, socket_dir) as kept:
        with kept.backup() as sealing:
            path = places.write(place, sealing.name, sealing.size, sealing.blocks)
        kept.backup_made(path.name)
    return path


def _described(about: About) -> str:
    return f"{about.encounters} encounters, {about.recordings} recordings, of {_time(about.made)}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _ask(file: Path | None) -> str:
    return _read(file) if file else str(click.prompt("Recovery passphrase", hide_input=True, err=True))


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_LONGEST_PASSPHRASE).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The passphrase file {file} cannot be read.", hint="Give a text file with the passphrase.") from error
