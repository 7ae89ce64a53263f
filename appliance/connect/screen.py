"""The attached display: what the box is doing while it starts, then how tablets reach it."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import click
import segno

from appliance import __version__
from appliance.connect.clock import day
from appliance.connect.state import State

_KIOSK: Final = "chartside-kiosk.service"
STEPS: Final = {
    "models.service": "Models",
    "chartside-speech.service": "Speech",
    "chartside-note.service": "Note",
    _KIOSK: "Keys, certificates, page",
    "chartside-selftest.service": "Self-test: a clip becomes a note",
}
"""What is waited for, by unit, in order."""
_CLEAR: Final = "\x1b[H\x1b[2J\x1b[3J"
_BAR: Final = 24
_MARKS: Final = {"done": " ok ", "doing": " .. ", "waiting": "    ", "failed": "FAIL"}
_SECONDS: Final = 1.0
_SETTLED_SECONDS: Final = 3.0
_LONGEST_SECONDS: Final = 1800.0

Standing = Literal["done", "doing", "waiting", "failed"]


@dataclass(frozen=True)
class Step:
    """One line of the progress."""

    title: str
    standing: Standing
    detail: str = ""


def steps_of(shown: str) -> list[Step]:
    """The steps, from what `systemctl show` prints of their units; what is not part of this start is left out."""
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    units = {block["Id"]: block for block in blocks if "Id" in block}
    return [Step(title, *_standing(units[unit])) for unit, title in STEPS.items() if unit in units and _counts(units[unit])]


def data_step(directory: Path) -> Step:
    """The partition of the data: the box made it before anything else, or would not have come this far."""
    usage = shutil.disk_usage(directory)
    return Step("Data", "done", f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free")


def screen(steps: list[Step], state: State | None) -> str:
    """What the display shows.

    Args:
        steps: Of the start.
        state: How tablets reach the box, once that is known.
    """
    lines = [f"Chartside {__version__}" + (f"    {state.name}" if state else ""), ""]
    if not all(step.standing == "done" for step in steps):
        done = sum(step.standing == "done" for step in steps)
        full = _BAR * done // len(steps)
        lines += [f"The box starts: {done} of {len(steps)}   [{'#' * full}{'.' * (_BAR - full)}]"]
        lines += [f"  {_MARKS[step.standing]}  {step.title}{f': {step.detail}' if step.detail else ''}" for step in steps]
        lines += [""]
    return "\n".join(lines) + "\n" + (how_to_reach(state) if state else "")


def how_to_reach(state: State) -> str:
    """The trust page's address as a QR code too, the authority's words, the set-up code, and what keeps tablets away."""
    code = io.StringIO()
    segno.make(state.trust_url, error="m", micro=False).terminal(out=code, compact=True)
    addresses = ", ".join(state.addresses)
    lines = [
        f"Tablets open {state.trust_url} first, then {state.url}",
        code.getvalue().rstrip("\n"),
        f"Words of this box: {state.words}",
        f"SHA-256 {state.digits}",
        f"Certificate of the {state.certificate}, good until {day(state.expires)}. Addresses: {addresses}",
    ]
    if state.setup_code:
        lines.append(f"Set-up code: {state.setup_code}  (for {state.url}setup/)")
    lines += [click.style(f"{trouble.detail} {trouble.hint}", fg="yellow") for trouble in state.troubles]
    return "\n".join(lines) + "\n"


def follow(
    load: Callable[[], State | None],
    data: Path,
    write: Callable[[str], None],
    *,
    show: Callable[[], str] | None = None,
    pause: float = _SECONDS,
) -> None:
    """Keep the display right until nothing changes any more; a path unit begins again when something does.

    Args:
        load: Finds how tablets reach the box.
        data: A directory on the data partition.
        write: Takes what is to be shown, with the control characters that clear the display before it.
        show: What `systemctl show` prints of the units.
        pause: Seconds between two looks.
    """
    began = since = time.monotonic()
    last = ""
    while time.monotonic() - began < _LONGEST_SECONDS:
        steps = [data_step(data), *steps_of((show or _show)())]
        # What an earlier start left has another set-up code.
        state = load() if _kiosk_came(steps) else None
        if (text := screen(steps, state)) != last:
            write(_CLEAR + text)
            last, since = text, time.monotonic()
        settled = state is not None and all(step.standing in {"done", "failed"} for step in steps)
        if settled and time.monotonic() - since >= _SETTLED_SECONDS * pause:
            return
        time.sleep(pause)


def _kiosk_came(steps: list[Step]) -> bool:
    return all(step.standing == "done" for step in steps if step.title == STEPS[_KIOSK])


def _counts(unit: Mapping[str, str]) -> bool:
    """Whether a unit is part of this start: the self-test is not, once a system has proved itself."""
    idle = unit.get("ActiveState") == "inactive" and unit.get("Job", "0") in {"", "0"}
    return not idle


def _standing(unit: Mapping[str, str]) -> tuple[Standing, str]:
    state, detail = unit.get("ActiveState", ""), unit.get("StatusText", "")
    if state == "active":
        return "done", ""
    if state == "failed":
        return "failed", unit.get("Result", "")
    return ("doing", detail) if state in {"activating", "reloading"} else ("waiting", "")


def _show() -> str:
    command = ["/usr/bin/systemctl", "show", "--property=Id,ActiveState,Result,StatusText,Job", *STEPS]
    return subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
