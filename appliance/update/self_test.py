"""Proves that this system does its work: a real clip becomes a transcript and a note, through the sockets of the services.

The image runs `chartside update self-test` before `boot-complete.target`: where it fails, the boot is not blessed, and after
three attempts the boot loader goes back to the system before.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import click

from appliance.clinical_note import Note
from appliance.errors import ChartsideError, UnavailableError
from appliance.recorded import read_bytes, transcribe, write_note
from appliance.runtime.client import ServiceClient
from appliance.transcript import Transcript

T = TypeVar("T")
_TEMPLATE: Final = "aci"
_LOAD_SECONDS: Final = 300.0
"""Longest wait for the models."""
_PAUSE_SECONDS: Final = 1.0


def self_test(speech: ServiceClient, note: ServiceClient, clip: bytes, heard: tuple[str, ...]) -> Note:
    """Take a clip through the services.

    Args:
        speech: The speech service.
        note: The note service.
        clip: An audio file.
        heard: Words that must be in the transcript.

    Returns:
        The note.

    Raises:
        UnavailableError: A word was not heard, or the note is empty.
        ChartsideError: What a service answered.
    """
    transcript = transcribe(speech, clip, _ignore)
    missing = [word for word in heard if word not in _text(transcript)]
    if missing:
        message = f"Self-test: {', '.join(missing)} not heard in the clip."
        raise UnavailableError(message, hint="Go back to the version before.")
    written = write_note(note, _TEMPLATE, transcript.turns, _ignore)
    if not any(section.sentences for section in written.sections):
        raise UnavailableError("Self-test: the note is empty.", hint="Go back to the version before.")
    return written


def once_ready(call: Callable[[], T], deadline: float) -> T:
    """The call's result, once the services have loaded their models.

    Args:
        call: Tried again while it raises `UnavailableError`.
        deadline: On the monotonic clock, in seconds; the error is raised after it.
    """
    while True:
        try:
            return call()
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


@click.command("self-test", hidden=True)
@click.argument("clip", type=click.Path(path_type=Path))
@click.option("--socket-dir", type=click.Path(path_type=Path), required=True, help="Directory of the services' sockets.")
@click.option("--heard", multiple=True, help="A word that must be heard.")
def command(clip: Path, socket_dir: Path, heard: tuple[str, ...]) -> None:
    """Take CLIP through the services; the exit status says whether it became a note."""
    with contextlib.ExitStack() as stack:
        speech, note = (
            stack.enter_context(contextlib.closing(ServiceClient(socket_dir / f"{name}.sock", name)))
            for name in ("speech", "note")
        )
        began = time.monotonic()
        try:
            for service in (speech, note):
                once_ready(partial(service.call, "GET", "/health", object), began + _LOAD_SECONDS)
            self_test(speech, note, read_bytes(clip), heard)
        except ChartsideError as error:
            raise click.ClickException(f"{error.message} {error.hint}") from error
        click.echo(f"Self-test: the clip became a note after {time.monotonic() - began:.0f} s.")


def _text(transcript: Transcript) -> str:
    return " ".join(turn.text for turn in transcript.turns).lower()


def _ignore(_done: float, _total: float) -> None:
    pass
