"""The attached display: progress, then how tablets reach the box."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.connect.screen import STEPS, Step, follow, screen, steps_of
from appliance.connect.state import State, Trouble

CLEAR = "\x1b[H\x1b[2J\x1b[3J"
STATE = State(
    name="chartside-7k3q.local",
    url="https://chartside-7k3q.local/",
    trust_url="http://chartside-7k3q.local/",
    addresses=("192.168.7.20",),
    words="one two three four five six seven eight",
    digits="AB CD",
    certificate="box",
    issued=datetime(2026, 11, 24, tzinfo=UTC),
    expires=datetime(2027, 2, 22, tzinfo=UTC),
    troubles=(Trouble("Something is wrong.", "Mend it."),),
    setup_code="ABCD-EFGH",
)


def shown(*, job: str = "0", text: str = "", **states: str) -> str:
    """What `systemctl show` prints: each unit with its state, the first part of its name."""
    known = {unit.removesuffix(".service").removeprefix("chartside-"): unit for unit in STEPS}
    return "\n\n".join(
        f"Id={known[name]}\nActiveState={state}\nResult=timeout\nStatusText={text}\nJob={job}" for name, state in states.items()
    )


def test_each_unit_is_a_step_with_what_it_says_of_itself() -> None:
    found = steps_of(shown(models="active", speech="activating", note="failed", kiosk="inactive", job="7", text="trying cuda"))
    assert found == [
        Step("Models", "done"),
        Step("Speech", "doing", "trying cuda"),
        Step("Note", "failed", "timeout"),
        Step("Keys, certificates, page", "waiting"),
    ]


def test_what_is_not_part_of_this_start_is_left_out() -> None:
    """The self-test, once a system has proved itself; the models' mount in a container."""
    found = steps_of(shown(models="inactive", kiosk="active", selftest="inactive"))
    assert [step.title for step in found] == ["Keys, certificates, page"]
    assert steps_of("") == []


def test_the_progress_goes_once_everything_is_done() -> None:
    text = screen([Step("Data", "done", "9 GB"), Step("Note", "doing", "loading")], None)
    assert "1 of 2   [############............]" in text
    assert "  ok   Data: 9 GB\n" in text
    assert "  ..   Note: loading\n" in text
    done = screen([Step("Data", "done")], STATE)
    assert "The box starts" not in done
    assert "\n\nTablets open " in done
    for said in ("Set-up code: ABCD-EFGH", STATE.words, "192.168.7.20", "Mend it.", "▀", STATE.trust_url):
        assert said in done
    failed = screen([Step("Data", "done"), Step("Note", "failed", "timeout")], STATE)
    assert "FAIL  Note: timeout" in failed
    assert "Set-up code" in failed


def test_it_follows_the_start_and_ends_when_nothing_changes_any_more(tmp_path: Path) -> None:
    frames: list[str] = []
    starts = iter([
        shown(speech="inactive", kiosk="inactive", job="5"),
        shown(speech="activating", kiosk="activating", text="making keys"),
        shown(speech="activating", kiosk="active"),
        shown(speech="active", kiosk="active"),
    ])  # fmt: skip
    stale = replace_code("OLD0-OLD0")
    loads = iter([stale, STATE, STATE])

    def show() -> str:
        return next(starts, shown(speech="active", kiosk="active"))

    follow(lambda: next(loads, STATE), tmp_path, frames.append, show=show, pause=0.01)
    assert [frame.count(CLEAR) for frame in frames] == [1] * len(frames)
    assert "making keys" in frames[1]
    assert "Set-up code" not in frames[0] + frames[1], "what an earlier start left is not shown"
    assert "OLD0" in frames[2]
    assert "ABCD-EFGH" in frames[-1]
    assert "The box starts" not in frames[-1]


def replace_code(code: str) -> State:
    return msgspec.structs.replace(STATE, setup_code=code)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        os.close(end)


def test_the_command_draws_on_a_terminal_and_ends(tmp_path: Path, terminal: tuple[int, int]) -> None:
    (tmp_path / "data" / "connect").mkdir(parents=True)
    STATE.save(tmp_path / "data" / "connect")
    ours, theirs = terminal
    command = [sys.executable, "-m", "appliance", "connect", "screen", "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs)
    drawn = b""
    while process.poll() is None or b"Mend it" not in drawn:
        drawn += os.read(ours, 65536)
        if b"Mend it" in drawn:
            assert process.wait(30) == 0
    text = drawn.decode()
    assert text.startswith(CLEAR)
    assert "Set-up code: ABCD-EFGH" in text
    assert "█" in text
