from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import ChartsideError, ConflictError, InputError, StorageError, UnavailableError
from appliance.update.container import MAGIC, Component, Manifest
from appliance.update.install import install, verify
from appliance.update.keys import TrustedKey, load_trusted_keys
from appliance.update.pack import pack
from appliance.update.policy import Box
from appliance.update.release import Release

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
ROOT = "chartside_1.2.root-x86-64.0f5c.raw"


def trusted(key: Ed25519PrivateKey, expires: datetime = NOW + timedelta(days=365)) -> TrustedKey:
    return TrustedKey("vendor", base64.b64encode(key.public_key().public_bytes_raw()).decode(), expires)


def box(**facts: object) -> Box:
    installed = Release("chartside", "1.1", "x86-64", "1.0")
    held = {"installed": installed, "models": "4", "floor": "1.0", "keys": (trusted(KEY),), "now": NOW}
    return Box(**{**held, **facts})  # type: ignore[arg-type]


def make(
    directory: Path,
    *,
    key: Ed25519PrivateKey = KEY,
    version: str = "1.2",
    board: str = "x86-64",
    product: str = "chartside",
    component: Component = "system",
    created: datetime = NOW,
) -> Path:
    root, uki = directory / ROOT, directory / "chartside_1.2.efi"
    root.write_bytes(b"root" * 5000)
    uki.write_bytes(b"uki" * 1000)
    release = Release(product, version, board, "1.0")  # type: ignore[arg-type]
    pack(directory / "update.chartside", (root, uki), key, release=release, component=component, created=created)
    return directory / "update.chartside"


class Sysupdate:
    """Stands for systemd-sysupdate: notes what it was shown."""

    def __init__(self, transfer: Path, error: Exception | None = None) -> None:
        self.transfer, self.error = transfer, error
        self.commands: list[Sequence[str]] = []
        self.seen: dict[str, bytes] = {}

    def __call__(self, command: Sequence[str]) -> None:
        self.commands.append(command)
        self.seen = {path.name: path.read_bytes() for path in self.transfer.iterdir()}
        if self.error:
            raise self.error


def test_a_signed_update_reaches_sysupdate_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    update = make(tmp_path)
    sysupdate = Sysupdate(tmp_path / "run" / "transfer")
    manifest = install(update, box(), state=tmp_path / "state", transfer=sysupdate.transfer, run=sysupdate)
    assert manifest.version == "1.2"
    assert sysupdate.seen == {ROOT: b"root" * 5000, "chartside_1.2.efi": b"uki" * 1000}
    assert sysupdate.commands == [["/usr/lib/systemd/systemd-sysupdate", "--verify=no", "update", "1.2"]]
    assert not sysupdate.transfer.is_symlink()
    assert not list((tmp_path / "state").iterdir())


def test_a_model_bundle_is_held_against_the_bundle_and_goes_to_its_own_component(tmp_path: Path) -> None:
    update = make(tmp_path, component="models", version="5")
    sysupdate = Sysupdate(tmp_path / "transfer")
    install(update, box(), state=tmp_path / "state", transfer=sysupdate.transfer, run=sysupdate)
    assert sysupdate.commands[0][1] == "--component=models"
    with pytest.raises(ConflictError, match="not newer than 5"):
        verify(update, box(models="5"))


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def refused(path: Path, data: bytes, tmp_path: Path) -> ChartsideError:
    """The refusal of damaged bytes; proves that sysupdate is never called and that nothing stays."""
    path.write_bytes(data)
    sysupdate = Sysupdate(tmp_path / "transfer")
    with pytest.raises(InputError) as caught:
        install(path, box(), state=tmp_path / "state", transfer=sysupdate.transfer, run=sysupdate)
    assert not sysupdate.commands
    assert not (tmp_path / "state" / "staged").exists()
    return caught.value


@settings(max_examples=150, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_one_flipped_bit_anywhere_is_refused(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("flip")
    update = make(directory)
    data = update.read_bytes()
    refused(update, flipped(data, int(share * len(data))), directory)


@settings(max_examples=100, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_an_update_cut_off_anywhere_is_refused(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("cut")
    update = make(directory)
    data = update.read_bytes()
    refused(update, data[: int(share * len(data))], directory)


def test_what_is_added_to_the_end_is_refused(tmp_path: Path) -> None:
    update = make(tmp_path)
    assert "added to its end" in refused(update, update.read_bytes() + b"x", tmp_path).message


def test_an_update_of_another_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not signed by the vendor"):
        verify(make(tmp_path, key=OTHER_KEY), box())


def test_an_unsigned_update_is_refused(tmp_path: Path) -> None:
    update = make(tmp_path)
    data = update.read_bytes()
    end = len(MAGIC) + 4 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
    assert "not signed by the vendor" in refused(update, data[:end] + bytes(64) + data[end + 64 :], tmp_path).message


def test_the_second_of_two_keys_counts_as_well(tmp_path: Path) -> None:
    assert verify(make(tmp_path, key=OTHER_KEY), box(keys=(trusted(KEY), trusted(OTHER_KEY)))).version == "1.2"


@pytest.mark.parametrize("expires", [NOW, NOW - timedelta(days=1)])
def test_an_update_of_an_expired_key_is_refused(tmp_path: Path, expires: datetime) -> None:
    with pytest.raises(InputError, match="expired on"):
        verify(make(tmp_path), box(keys=(trusted(KEY, expires),)))


def test_setting_the_clock_back_does_not_revive_an_expired_key(tmp_path: Path) -> None:
    update = make(tmp_path, created=NOW)
    with pytest.raises(InputError, match="expired on"):
        verify(update, box(keys=(trusted(KEY, NOW - timedelta(days=1)),), now=NOW - timedelta(days=400)))


def test_a_key_whose_expiry_has_no_time_zone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vendor.json"
    file.write_bytes(msgspec.json.encode(trusted(KEY)))
    assert load_trusted_keys(tmp_path) == (trusted(KEY),)
    file.write_text(file.read_text().replace('Z"', '"'))
    with pytest.raises(InputError, match=r"vendor\.json cannot be read"):
        load_trusted_keys(tmp_path)


def test_an_update_for_another_board_or_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="for arm64 boxes"):
        verify(make(tmp_path, board="arm64"), box())
    with pytest.raises(InputError, match="for 'bedside'"):
        verify(make(tmp_path, product="bedside"), box())


@pytest.mark.parametrize("version", ["1.1", "1.1.0", "1.0.9"])
def test_a_downgrade_and_the_same_version_are_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(ConflictError, match=r"not newer than 1\.1"):
        verify(make(tmp_path, version=version), box())


def test_the_floor_holds_when_an_old_system_runs_again(tmp_path: Path) -> None:
    installed = Release("chartside", "1.1", "x86-64", "1.0")
    with pytest.raises(ConflictError, match="known faults"):
        verify(make(tmp_path, version="1.2"), box(installed=installed, floor="1.3"))
    assert verify(make(tmp_path, version="1.10"), box(installed=installed, floor="1.3")).version == "1.10"


def test_names_and_versions_that_could_do_harm_cannot_be_packed(tmp_path: Path) -> None:
    release = Release("chartside", "1.2", "x86-64", "1.0")
    sly = tmp_path / ".hidden"
    sly.write_bytes(b"x")
    with pytest.raises(InputError, match="name"):
        pack(tmp_path / "update", (sly,), KEY, release=release, component="system", created=NOW)
    with pytest.raises(InputError, match="version"):
        make(tmp_path, version="1.2;reboot")


def test_a_signed_manifest_that_leaves_its_directory_is_refused(tmp_path: Path) -> None:
    update = make(tmp_path)
    manifest = msgspec.json.decode(update.read_bytes()[len(MAGIC) + 4 :].split(b"}]}")[0] + b"}]}")
    manifest["files"][0]["name"] = "../root"
    body = msgspec.json.encode(manifest)
    head = MAGIC + len(body).to_bytes(4, "big") + body
    assert "another version" in refused(update, head + KEY.sign(head), tmp_path).message
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(manifest, Manifest)


def test_a_failure_of_sysupdate_is_told_and_cleaned_up(tmp_path: Path) -> None:
    update = make(tmp_path)
    broken = Sysupdate(tmp_path / "transfer", UnavailableError("It failed."))
    with pytest.raises(UnavailableError):
        install(update, box(), state=tmp_path / "state", transfer=broken.transfer, run=broken)
    assert not broken.transfer.is_symlink()
    assert not (tmp_path / "state" / "staged").exists()


def test_what_a_power_cut_left_does_not_stand_in_the_way(tmp_path: Path) -> None:
    update = make(tmp_path)
    (tmp_path / "state" / "staged").mkdir(parents=True)
    (tmp_path / "state" / "staged" / ROOT).write_bytes(b"half")
    (tmp_path / "transfer").symlink_to(tmp_path / "state" / "staged")
    sysupdate = Sysupdate(tmp_path / "transfer")
    install(update, box(), state=tmp_path / "state", transfer=sysupdate.transfer, run=sysupdate)
    assert sysupdate.seen[ROOT] == b"root" * 5000


def test_an_update_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update = make(tmp_path)
    monkeypatch.setattr("appliance.update.install._SPARE", 2**60)
    with pytest.raises(StorageError, match="on the data partition"):
        install(update, box(), state=tmp_path / "state", transfer=tmp_path / "transfer", run=Sysupdate(tmp_path / "transfer"))
