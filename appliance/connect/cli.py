"""The command `chartside connect`: how tablets reach this box, for whoever stands before it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from appliance.connect import fingerprint
from appliance.connect.clock import Clock, day
from appliance.connect.name import with_name
from appliance.connect.screen import follow, how_to_reach
from appliance.connect.state import State
from appliance.errors import ConflictError, NotFoundError
from appliance.options import settings_options
from appliance.runtime.files import write_whole
from appliance.settings import Settings


@click.group()
def connect() -> None:
    """Show and mend how tablets reach this box."""


@connect.command()
@settings_options("data_dir")
def show(settings: Settings) -> None:
    """Print the trust page's address as a QR code, the authority's words, and what keeps tablets away."""
    print_state(_state(settings))


@connect.command(hidden=True)
@settings_options("data_dir")
def screen(settings: Settings) -> None:
    """Show on a terminal what the box is doing while it starts, then what `show` prints."""

    def write(text: str) -> None:
        click.echo(text, nl=False, color=True)
        sys.stdout.flush()

    follow(lambda: State.load(settings.connect_dir), settings.data_dir.parent, write)


@connect.command()
@settings_options("data_dir", "name")
@click.argument("file", type=click.Path(path_type=Path))
def authority(settings: Settings, file: Path) -> None:
    """Write the box's authority to FILE (DER, .crt), for a USB stick or the clinic's device management."""
    from appliance.connect.authority import Authority  # noqa: PLC0415

    settings = with_name(settings)
    found = Authority.load_or_create(settings.connect_dir / settings.name, settings.name, _clock(settings).read().time)
    file.write_bytes(found.der)
    click.echo(f"{file}: {fingerprint.words(found.der)}\nSHA-256 {fingerprint.digits(found.der)}")


@connect.command(hidden=True)
@settings_options("data_dir", "name")
@click.argument("directory", type=click.Path(path_type=Path))
def browser(settings: Settings, directory: Path) -> None:
    """Write what a browser on the display needs into DIRECTORY, `url` and `authority.pem`; fails until there is a PIN."""
    state = _state(settings)
    if state.setup_code:
        raise ConflictError("The box has no PIN yet.", hint="Set it up with a tablet: the display shows the code.")
    authority = settings.connect_dir / with_name(settings).name / "authority.pem"
    for name, data in {"url": state.url.encode(), "authority.pem": authority.read_bytes()}.items():
        write_whole(directory / name, data, 0o644)


@connect.command("reset-pin")
@settings_options("data_dir")
def reset_pin(settings: Settings) -> None:
    """Forget the administrator's PIN. Stop the kiosk first; it shows a new set-up code when it starts."""
    from appliance.store.devices import Failures  # noqa: PLC0415
    from appliance.store.encounters import EncounterStore  # noqa: PLC0415

    store = EncounterStore.open(settings)
    store.set_pin_hash(None)
    store.set_failures("pin", Failures())
    store.close()
    click.echo("The PIN is forgotten. Start Chartside, then set a new one with the set-up code.")


@connect.command("accept-clock")
@settings_options("data_dir")
def accept_clock(settings: Settings) -> None:
    """Believe the clock of this box, after somebody has looked at it."""
    clock = _clock(settings)
    clock.accept()
    click.echo(f"It is {day(clock.read().shown)}.")


def print_state(state: State) -> None:
    """What a person before the box has to know."""
    click.echo(how_to_reach(state), nl=False)


def _state(settings: Settings) -> State:
    state = State.load(settings.connect_dir)
    if state is None:
        raise NotFoundError(
            "No tablet has been let in on this box.", hint="Start it with `chartside run --access lan`, or set access to `lan`."
        )
    return state


def _clock(settings: Settings) -> Clock:
    return Clock(settings.connect_dir / "clock")
