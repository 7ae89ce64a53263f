"""A stick labelled CHARTSIDE, as clinics and others fill it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from connect_certificates import NOW, clinic, pem
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from appliance.backup.keeper import StoreKeeper
from appliance.cli import main
from appliance.connect.clock import LONGEST_REST, RELEASED
from appliance.errors import ConflictError, InputError, UnavailableError
from appliance.kiosk.keeping import keeping
from appliance.settings import Settings
from appliance.stick import apply as applying
from appliance.stick.apply import Applier, Outcome
from appliance.stick.files import Stick
from appliance.stick.network import read_network, unit
from appliance.store.encounters import EncounterStore

STATIC = 'address = "192.168.7.20/24"\ngateway = "192.168.7.1"\n'
UNIT = """\
# From network.toml on the stick labelled CHARTSIDE.
[Match]
Type=ether
Kind=!*

[Network]
Address=192.168.7.20/24
Gateway=192.168.7.1
DHCP=no
LinkLocalAddressing=ipv6
"""


class Box:
    """Applies a stick to a box; what it has the system do is only written down."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / "stick"
        self.folder.mkdir()
        self.state = directory / "state"
        self.certificates: list[bytes] = []
        self.installed: list[bytes] = []
        self.commands: list[list[str]] = []
        self.failing = False

    def run(self, command: Sequence[str]) -> None:
        if self.failing:
            raise UnavailableError("It failed.")
        self.commands.append(list(command))

    def install(self, path: Path) -> str:
        self.installed.append(path.read_bytes())
        return "System 2 is installed."

    def apply(self, what: Callable[[Applier], list[Outcome]] = Applier.settings) -> dict[str, tuple[bool, str]]:
        with Stick(self.folder) as stick:
            applier = Applier(stick, self.state, self.state / "clock", self.certificates.append, self.install, self.run)
            return {outcome.item: (outcome.done, outcome.text) for outcome in what(applier)}

    def refused(self, item: str, what: Callable[[Applier], list[Outcome]] = Applier.settings) -> str:
        done, text = self.apply(what)[item]
        assert not done, text
        assert self.commands == []
        assert self.certificates == []
        assert self.installed == []
        return text


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_an_address_for_the_box(box: Box) -> None:
    (box.folder / "network.toml").write_text(STATIC)
    assert box.apply() == {"network.toml": (True, "the box has 192.168.7.20/24, gateway 192.168.7.1 from now on.")}
    written = box.state / "20-stick.network"
    assert written.read_text() == UNIT
    # systemd-networkd reads it as another user.
    assert written.stat().st_mode & 0o444 == 0o444
    assert [command[-1] for command in box.commands] == ["Reload"]
    assert box.apply()["network.toml"] == (True, "the box has 192.168.7.20/24, gateway 192.168.7.1 already.")
    assert len(box.commands) == 1
    (box.folder / "network.toml").write_text('address = "dhcp"')
    assert box.apply()["network.toml"][0]
    assert written.read_text() == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "address",
        "address = 5",
        'address = "192.168.7.20"',
        'address = "192.168.7.0/24"',
        'address = "192.168.7.255/24"',
        'address = "192.168.7.20/31"',
        'address = "8.8.8.8/24"',
        'address = "127.0.0.1/8"',
        'address = "169.254.1.1/16"',
        'address = "0.0.0.0/0"',
        'address = "fe80::1%eth0/64"',
        'address = "192.168.7.20/24"\ngateway = "10.0.0.1"',
        'address = "192.168.7.20/24"\ngateway = "192.168.7.20"',
        'address = "192.168.7.20/24"\ngateway = "192.168.7.1\\n[Match]"',
        'address = "192.168.7.20/24\\nDNS=8.8.8.8"',
        'address = "dhcp"\ngateway = "192.168.7.1"',
        'address = "192.168.7.20/24"\ndns = "8.8.8.8"',
        "[" * 2000,
        'address = "' + "1" * 2000 + '"',
    ],
)
def test_an_address_that_the_box_cannot_have_is_refused(box: Box, text: str) -> None:
    (box.folder / "network.toml").write_text(text)
    assert "network.toml" in box.refused("network.toml")
    assert not (box.state / "20-stick.network").exists()


@limits(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda t: f"address = {t!r}".encode()))
def test_whatever_the_file_holds_only_addresses_get_out(data: bytes) -> None:
    with contextlib.suppress(InputError):
        written = unit(read_network(data))
        assert all(line.partition("=")[0] in UNIT for line in written.splitlines())


def test_the_clock_is_set_once(box: Box) -> None:
    there = (datetime.now(UTC) + timedelta(minutes=7)).replace(microsecond=0)
    (box.folder / "time").write_text(f"{there:%Y-%m-%d %H:%M:%S}\r\n")
    done, text = box.apply()["time"]
    assert done, text
    assert box.commands == [["/usr/bin/timedatectl", "set-time", f"{there:%Y-%m-%d %H:%M:%S}"]]
    # The stick stays in the box, which starts again.
    assert "set before" in box.apply()["time"][1]
    assert len(box.commands) == 1
    (box.folder / "time").write_text(f"{there + timedelta(hours=1):%Y-%m-%dT%H:%MZ}")
    assert box.apply()["time"][0]
    assert len(box.commands) == 2


def test_a_clock_that_could_not_be_set_is_tried_again(box: Box) -> None:
    (box.folder / "time").write_text(f"{datetime.now(UTC):%Y-%m-%d %H:%M}")
    box.failing = True
    box.refused("time")
    box.failing = False
    assert box.apply()["time"][0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01 10:00",
        "99999-01-01 10:00",
        "2027-01-01 10:00; reboot",
        "--help",
        "٢٠٢٧-01-01 10:00",
        f"{RELEASED - timedelta(days=2):%Y-%m-%d %H:%M}",
        f"{datetime.now(UTC) + LONGEST_REST + timedelta(days=2):%Y-%m-%d %H:%M}",
        "1" * 65,
    ],
)
def test_a_time_that_cannot_be_is_refused(box: Box, text: str) -> None:
    (box.folder / "time").write_text(text)
    box.refused("time")


def test_a_certificate_of_the_clinic(box: Box) -> None:
    own = clinic()
    chain = own.leaf.certificate.public_bytes(Encoding.PEM) + own.intermediate.certificate.public_bytes(Encoding.PEM)
    (box.folder / "certificate.pem").write_bytes(chain)
    assert "no key.pem" in box.refused("certificate.pem")
    (box.folder / "key.pem").write_bytes(pem(own.leaf).removeprefix(own.leaf.certificate.public_bytes(Encoding.PEM)))
    done, text = box.apply()["certificate.pem"]
    assert done
    assert "Delete key.pem" in text
    (given_,) = box.certificates
    from appliance.connect.own_certificate import check

    assert check(given_, NOW).names == ("scribe.clinic.example",)


def test_one_update_is_installed_and_two_are_not(box: Box) -> None:
    (box.folder / "chartside_2.chartside").write_bytes(b"update")
    for name in (".hidden.chartside", "x.chartside.exe", "a b.chartside", "CHARTSIDE"):
        (box.folder / name).write_bytes(b"no update")
    assert box.apply(Applier.updates) == {"chartside_2.chartside": (True, "System 2 is installed.")}
    assert box.installed == [b"update"]
    box.installed.clear()
    (box.folder / "chartside_3.chartside").touch()
    assert "more than one" in box.refused("chartside_2.chartside", Applier.updates)


# Whoever made the stick means harm.

NAMES = ("network.toml", "time", "certificate.pem", "key.pem")


def no_file(kind: str, path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(STATIC)
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nothing")
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    elif kind == "endless":
        path.touch()
        os.truncate(path, 1 << 40)


@pytest.mark.parametrize("kind", ["link", "dangling", "directory", "pipe", "socket", "endless"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.timeout(20)
def test_what_is_no_plain_file_of_its_size_is_refused(box: Box, tmp_path: Path, kind: str, name: str) -> None:
    no_file(kind, box.folder / name, tmp_path)
    box.refused("certificate.pem" if name == "key.pem" else name)


@pytest.mark.parametrize("kind", ["link", "dangling", "directory", "pipe", "socket"])
@pytest.mark.timeout(20)
def test_an_update_that_is_no_plain_file_is_refused(box: Box, tmp_path: Path, kind: str) -> None:
    no_file(kind, box.folder / "x.chartside", tmp_path)
    box.refused("x.chartside", Applier.updates)


def test_a_link_in_place_of_the_stick_is_refused(box: Box, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(box.folder)
    with pytest.raises(InputError):
        Stick(tmp_path / "link")


def test_a_file_that_is_swapped_after_it_was_opened_stays_what_it_was(box: Box) -> None:
    update = box.folder / "x.chartside"
    update.write_bytes(b"update")
    with Stick(box.folder) as stick, stick.path("x.chartside") as path:
        update.unlink()
        update.symlink_to("/etc/passwd")
        assert path.read_bytes() == b"update"


@pytest.mark.parametrize("append", [False, True])
def test_the_report_follows_no_link_and_waits_for_no_pipe(tmp_path: Path, *, append: bool) -> None:
    from appliance.errors import StorageError

    victim = tmp_path / "victim"
    victim.write_text("whole")
    (tmp_path / "report.txt").symlink_to(victim)
    with pytest.raises(StorageError):
        applying.write_report(tmp_path / "report.txt", "text", append=append)
    assert victim.read_text() == "whole"
    (tmp_path / "report.txt").unlink()
    os.mkfifo(tmp_path / "report.txt")
    with pytest.raises(StorageError):
        applying.write_report(tmp_path / "report.txt", "text", append=append)


def test_random_bytes_do_nothing(box: Box) -> None:
    randomness = random.Random(11)
    for _ in range(50):
        for name in NAMES[:2]:
            (box.folder / name).write_bytes(randomness.randbytes(randomness.randrange(60)))
        assert not any(done for done, _ in box.apply().values())
    assert box.commands == []


# By the command.


def command(tmp_path: Path, folder: Path, *options: object) -> Result:
    data, state = tmp_path / "data", tmp_path / "state"
    arguments = ["stick", "apply", folder, "--data-dir", data, "--state-dir", state, *options]
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_the_report_says_what_was_done_and_what_was_not(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = clinic()
    monkeypatch.setattr("appliance.connect.clock._system", lambda: NOW)
    (box.folder / "certificate.pem").write_bytes(pem(own.leaf, own.intermediate))
    (box.folder / "key.pem").write_text("no key")
    (box.folder / "network.toml").write_text('address = "8.8.8.8/24"')
    (box.folder / "broken.chartside").write_bytes(b"MZ" * 100)
    done = command(tmp_path, box.folder)
    report = (box.folder / "report.txt").read_text()
    assert done.output == report
    assert done.exit_code == ConflictError.exit_code
    lines = report.splitlines()
    assert lines[0].startswith("Chartside chartside, 20")
    assert lines[1].startswith("network.toml: NOT DONE: The address in network.toml is not a private one.")
    assert lines[2].startswith("certificate.pem: done: ")
    assert lines[3].startswith("broken.chartside: NOT DONE: ")
    assert (tmp_path / "data" / "connect" / "own.pem").exists()


def test_a_running_kiosk_gets_the_certificate(box: Box, tmp_path: Path) -> None:
    own = clinic()
    (box.folder / "certificate.pem").write_bytes(own.leaf.certificate.public_bytes(Encoding.PEM))
    (box.folder / "key.pem").write_bytes(pem(own.leaf))
    settings = Settings(data_dir=tmp_path / "data")
    got: list[bytes] = []
    with contextlib.closing(EncounterStore.open(settings)) as store:
        keeper = StoreKeeper(settings, store, store.delete, store.delete_audio, got.append)
        with keeping(settings, keeper):
            done = command(tmp_path, box.folder, "--no-updates")
    assert done.exit_code == 0, done.output
    assert len(got) == 1


def test_updates_come_second_and_add_to_the_report(box: Box, tmp_path: Path) -> None:
    assert command(tmp_path, box.folder, "--no-updates").exit_code == 0
    first = (box.folder / "report.txt").read_text()
    assert "There was nothing for the box" in first
    assert command(tmp_path, box.folder, "--no-settings").exit_code == 0
    assert (box.folder / "report.txt").read_text() == first
    (box.folder / "x.chartside").write_bytes(b"no update")
    assert command(tmp_path, box.folder, "--no-settings").exit_code == 2
    assert (box.folder / "report.txt").read_text().startswith(first)
    assert "x.chartside: NOT DONE" in (box.folder / "report.txt").read_text()


def test_a_report_elsewhere_leaves_the_stick_alone(box: Box, tmp_path: Path) -> None:
    (box.folder / "time").write_text("never")
    before = sorted(box.folder.iterdir())
    command(tmp_path, box.folder, "--report", tmp_path / "report.txt")
    assert sorted(box.folder.iterdir()) == before
    assert "time: NOT DONE" in (tmp_path / "report.txt").read_text()


@pytest.mark.skipif(not (shutil.which("mcopy") and shutil.which("mformat")), reason="needs mtools")
def test_files_as_a_real_stick_gives_them(box: Box, tmp_path: Path) -> None:
    image, source = tmp_path / "stick.img", tmp_path / "source"
    source.mkdir()
    (source / "network.toml").write_bytes(STATIC.replace("\n", "\r\n").encode())
    (source / "time").write_bytes(time.strftime("%Y-%m-%d %H:%M\r\n", time.gmtime()).encode())
    (source / "chartside_2.chartside").write_bytes(b"update")
    subprocess.run(["mformat", "-C", "-i", image, "-v", "CHARTSIDE", "-T", "20000", "::"], check=True)
    subprocess.run(["mcopy", "-i", image, *sorted(source.iterdir()), "::"], check=True)
    box.folder.rmdir()
    box.folder.mkdir()
    subprocess.run(["mcopy", "-i", image, "::*", box.folder], check=True)
    assert {item: done for item, (done, _) in box.apply().items()} == {"time": True, "network.toml": True}
    assert box.apply(Applier.updates)["chartside_2.chartside"][0]
    assert (box.state / "20-stick.network").read_text() == UNIT
