from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import BundleError
from appliance.note.worker import Worker
from appliance.runtime import notify
from appliance.settings import Settings
from appliance.speech.sessions import Sessions


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Stands for systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)  # noqa: FBT003
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield receiver


def no_model(*_arguments: object) -> Any:
    raise BundleError("There is no model bundle.", hint="Build one.")


def received(manager: socket.socket) -> list[bytes]:
    messages = []
    while True:
        try:
            messages.append(manager.recv(100))
        except BlockingIOError:
            return messages


def test_a_service_says_that_it_is_ready_and_that_it_stops(manager: socket.socket) -> None:
    notify.ready()
    notify.stopping()
    assert received(manager) == [b"READY=1", b"STOPPING=1"]


def test_signs_of_life_are_sent_four_times_per_period_however_often_work_is_done(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("appliance.runtime.notify.time.monotonic", lambda: now[0])
    monkeypatch.setenv("WATCHDOG_USEC", "180000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    alive = notify.SignOfLife()
    assert alive.interval == 45
    for second in range(180):
        now[0] = 100.0 + second
        alive()
    assert received(manager) == [b"WATCHDOG=1"] * 4


@pytest.mark.parametrize(("usec", "pid"), [("0", None), ("180000000", "1")])
def test_nothing_is_sent_where_systemd_does_not_watch(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    notify.SignOfLife()()
    assert received(manager) == []


@pytest.mark.parametrize("service", ["note", "speech"])
def test_a_service_without_its_model_still_gives_signs_of_life(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """Else systemd would kill what still answers, and says why there is no model, again and again."""
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    worker, sessions = Worker(no_model), None
    if service == "note":
        worker.start()
    else:
        sessions = Sessions(Settings(), no_model)
    time.sleep(1)
    messages = received(manager)
    worker.stop()
    if sessions:
        sessions.close()
    assert messages[0] == b"READY=1"
    assert messages.count(b"WATCHDOG=1") >= 4


def test_a_service_outside_of_systemd_is_not_disturbed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify.ready()


def test_an_abstract_socket_works_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"chartside-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        notify.ready()
        assert receiver.recv(100) == b"READY=1"
