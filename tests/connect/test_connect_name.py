"""What a box is called that nobody named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from cryptography import x509
from kiosk_network import authority_of
from kiosk_peers import Peer

from appliance.backup.keeper import keeper
from appliance.cli import main
from appliance.connect.clock import Reading
from appliance.connect.identity import identify
from appliance.connect.name import names_of, with_name
from appliance.connect.state import State
from appliance.errors import InputError
from appliance.settings import Settings
from appliance.supervisor import Supervisor

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOME = [ip_address("192.168.7.20")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", access="lan", name="", https_port=0, http_port=0)


def started(settings: Settings) -> Settings:
    """As a kiosk does at its start."""
    named = with_name(settings)
    identify(named, HOME, Reading(NOW))
    return named


def test_each_box_draws_a_name_of_its_own_and_keeps_it(settings: Settings, tmp_path: Path) -> None:
    first = started(settings).name
    assert re.fullmatch("chartside-[2-9a-hjkmnp-tv-z]{4}", first)
    assert [started(settings).name for _ in range(3)] == [first] * 3
    others = {with_name(replace(settings, data_dir=tmp_path / str(number))).name for number in range(50)}
    assert len({first, *others}) > 45


def test_its_certificates_carry_the_name(settings: Settings) -> None:
    named = started(settings)
    identity = identify(named, HOME, Reading(NOW))
    assert identity.authority.names[0] == f"{named.name}.local"
    assert f"{named.name}.local" in identity.names
    assert identity.troubles == ()


def test_the_setting_wins_and_the_name_it_gave_stays(settings: Settings) -> None:
    own = started(settings).name
    assert started(replace(settings, name="north-wing")).name == "north-wing"
    assert started(settings).name == "north-wing", "tablets know it by that"
    assert started(replace(settings, name=own)).name == own
    assert names_of(settings) == [own]


def test_a_box_that_had_the_old_default_keeps_it(settings: Settings) -> None:
    started(replace(settings, name="chartside"))
    assert started(settings).name == "chartside"


@pytest.mark.parametrize("name", ["-", "A", "two words", "x" * 59])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        Settings.load({"name": name})
    assert Settings.load({"name": ""}).name == ""


def test_a_running_box_shows_its_name_everywhere(settings: Settings, tmp_path: Path) -> None:
    peers = [Peer("speech", tmp_path), Peer("note", tmp_path)]
    states: list[State] = []
    try:
        for _ in range(2):
            with Supervisor(settings, ("kiosk",), socket_dir=tmp_path) as supervisor:
                states.append(supervisor.wait_for_state())
                with keeper(settings) as asked:
                    assert f"{asked.name()}.local" == states[-1].name
    finally:
        for peer in peers:
            peer.stop()
    first, second = states
    assert first.name == second.name
    assert first.name.startswith("chartside-")
    assert first.url.startswith(f"https://{first.name}:")
    assert first.trust_url.startswith(f"http://{first.name}:")
    assert first.words == second.words
    assert authority_of(with_name(settings)).names[0] == first.name


def test_a_browser_on_the_box_gets_address_and_authority_once_there_is_a_pin(settings: Settings, tmp_path: Path) -> None:
    named = started(settings)
    state = State(
        name=f"{named.name}.local", url=f"https://{named.name}.local/", trust_url="", addresses=(), words="", digits="",
        certificate="box", issued=NOW, expires=NOW, setup_code="ABCD-EFGH",
    )  # fmt: skip
    state.save(settings.connect_dir)
    command = ["connect", "browser", "--data-dir", str(settings.data_dir), "--name", "", str(tmp_path)]
    refused = CliRunner().invoke(main, command)
    assert (refused.exit_code, (tmp_path / "url").exists()) == (2, False)
    msgspec.structs.replace(state, setup_code="").save(settings.connect_dir)
    assert CliRunner().invoke(main, command).exit_code == 0
    assert (tmp_path / "url").read_text() == state.url
    written = x509.load_pem_x509_certificate((tmp_path / "authority.pem").read_bytes())
    assert written == authority_of(named).certificate
