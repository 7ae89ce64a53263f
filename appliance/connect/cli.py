"""The command `chartside connect`: how tablets reach this box, for whoever stands before it."""

from __future__ import annotations

from pathlib import Path

import click
import segno

from appliance.connect import fingerprint
from appliance.connect.clock import Clock, day
from appliance.connect.state import State
from appliance.errors import NotFoundError
from appliance.options import settings_options
from appliance.settings import Settings


@click.group()
def connect() -> None:
    """Show and mend how tablets reach this box."""


@connect.command()
@settings_options("data_dir")
def show(settings: Settings) -> None:
    """Print the trust page's address as a QR code, the authority's words, and what keeps tablets away."""
    print_state(_state(settings))


@connect.command()
@settings_options("data_dir", "name")
@click.argument("file", type=click.Path(path_type=Path))
def authority(settings: Settings, file: Path) -> None:
    """Write the box's authority to FILE (DER, .crt), for a USB stick or the clinic's device management."""
    from appliance.connect.authority import Authority  # noqa: PLC0415

    found = Authority.load_or_create(settings.connect_dir / settings.name, settings.name, _clock(settings).read().time)
    file.write_bytes(found.der)
    click.echo(f"{file}: {fingerprint.words(found.der)}\nSHA-256 {fingerprint.digits(found.der)}")


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
    click.echo(f"Tablets open {state.trust_url} first, then {state.url}")
    code = segno.make(state.trust_url, error="m", micro=False)
    code.terminal(compact=True)
    click.echo(f"Words of this box: {state.words}")
    click.echo(f"SHA-256 {state.digits}")
    click.echo(
        f"Certificate of the {state.certificate}, good until {day(state.expires)}. Addresses: {', '.join(state.addresses)}"
    )
    if state.setup_code:
        click.echo(f"Set-up code: {state.setup_code}  (for {state.url}setup/)")
    for trouble in state.troubles:
        click.secho(f"{trouble.detail} {trouble.hint}", fg="yellow")


def _state(settings: Settings) -> State:
    state = State.load(settings.connect_dir)
    if state is None:
        raise NotFoundError(
            "No tablet has been let in on this box.", hint="Start it with `chartside run --access lan`, or set access to `lan`."
        )
    return state


def _clock(settings: Settings) -> Clock:
    return Clock(settings.connect_dir / "clock")
