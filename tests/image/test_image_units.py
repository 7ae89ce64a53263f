from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.connect.screen import STEPS
from appliance.settings import Settings
from appliance.stick.apply import NETWORK_FILE
from appliance.update.handover import SOCKET

IMAGE = Path(__file__).parent.parent.parent / "image"
MOST_EXPOSED = {
    "chartside-speech": 1.0,
    "chartside-note": 1.0,
    "chartside-selftest": 1.0,
    "chartside-retention": 1.0,
    "chartside-backup": 1.0,
    "chartside-kiosk": 1.5,
    "stick": 1.0,
    "stick-update": 6.0,  # systemd-sysupdate writes partitions
    "updater@": 6.0,  # the same
    "display": 3.0,  # of the profile of that name: a browser, with a sandbox of its own
}
TARGETS = ("sysinit", "basic", "multi-user", "sockets", "timers", "boot-complete")


def read_ini(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text("utf-8"))
    return parser


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A root directory with the image's units and nothing else."""
    units = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(IMAGE / "units", units)
    shutil.copytree(IMAGE / "mkosi.profiles/display/mkosi.extra/usr/lib/systemd/system", units, dirs_exist_ok=True)
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    return tmp_path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("service", MOST_EXPOSED)
def test_a_service_has_no_more_than_it_needs(system: Path, service: str) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--no-pager",
        f"--root={system}",
        f"{service}.service",
    ]
    printed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    found = re.search(r"exposure level for [\w@-]+\.service: ([0-9.]+)", printed)
    assert found, printed
    assert float(found[1]) <= MOST_EXPOSED[service], printed


@pytest.mark.parametrize("service", ["speech", "note", "selftest", "retention", "backup"])
def test_all_but_the_kiosk_have_no_network_at_all(service: str) -> None:
    unit = read_ini(IMAGE / "units" / f"chartside-{service}.service")["Service"]
    assert (unit["PrivateNetwork"], unit["IPAddressDeny"], unit["RestrictAddressFamilies"]) == ("yes", "any", "AF_UNIX")


def test_timers_start_what_asks_the_kiosk() -> None:
    for name in ("retention", "backup"):
        timer = read_ini(IMAGE / "units" / f"chartside-{name}.timer")
        assert (timer["Timer"]["Persistent"], timer["Install"]["WantedBy"]) == ("yes", "timers.target")
        service = read_ini(IMAGE / "units" / f"chartside-{name}.service")
        assert service["Unit"]["Requires"] == "chartside-keeper.socket"
        # They see neither the store nor its keys.
        assert not {"StateDirectory", "User", "LoadCredential"} & set(service["Service"])
        socket_dir = Path(read_ini(IMAGE / "units/chartside-keeper.socket")["Socket"]["ListenStream"]).parent
        assert f"--socket-dir {socket_dir}" in service["Service"]["ExecStart"]
    kiosk = read_ini(IMAGE / "units/chartside-kiosk.service")["Service"]
    assert "chartside-keeper.socket" in kiosk["Sockets"].split()


def test_a_stick_is_read_from_where_nothing_can_be_written_or_run() -> None:
    options = set(read_ini(IMAGE / "units/run-stick.mount")["Mount"]["Options"].split(","))
    assert {"nosuid", "nodev", "noexec", "nosymfollow"} <= options
    service = read_ini(IMAGE / "units/stick.service")["Service"]
    stick, read = service["BindReadOnlyPaths"].split(":")
    assert stick == read_ini(IMAGE / "units/run-stick.mount")["Mount"]["Where"] == str(Settings().stick_dir)
    assert service["ExecStart"].endswith(f" --report {stick}/report.txt {read}")
    assert service["CapabilityBoundingSet"] == ""
    rule = (IMAGE / "mkosi.extra/usr/lib/udev/rules.d/90-chartside-stick.rules").read_text("utf-8")
    for unit in re.findall(r'SYSTEMD_WANTS}\+="([^"]+)"', rule)[0].split():
        assert (IMAGE / "units" / unit).exists()
    assert 'ENV{ID_FS_LABEL}=="CHARTSIDE"' in rule


def test_the_kiosk_asks_the_updater_where_it_is() -> None:
    socket = read_ini(IMAGE / "units/updater.socket")["Socket"]
    assert Path(socket["ListenStream"]) == SOCKET
    kiosk = read_ini(IMAGE / "units/chartside-kiosk.service")["Service"]
    assert socket["SocketGroup"] in kiosk["SupplementaryGroups"].split()
    assert (socket["SocketMode"], socket["Accept"]) == ("0660", "yes")
    assert read_ini(IMAGE / "units/updater@.service")["Service"]["StandardInput"] == "socket"
    preset = (IMAGE / "mkosi.extra/usr/lib/systemd/system-preset/00-chartside.preset").read_text("utf-8")
    assert "enable updater.socket\n" in preset


def test_the_display_follows_the_units_that_are_there() -> None:
    assert [unit for unit in STEPS if not (IMAGE / "units" / unit).exists()] == []


def test_systemd_networkd_finds_the_address_of_the_stick() -> None:
    link = IMAGE / "mkosi.extra/usr/lib/systemd/network" / NETWORK_FILE
    state = read_ini(IMAGE / "units/stick.service")["Service"]["StateDirectory"]
    assert link.readlink() == Path("/var/lib") / state / NETWORK_FILE
    # The first file that fits counts.
    assert min(path.name for path in link.parent.iterdir()) == NETWORK_FILE


def test_partitions_of_the_running_system_are_those_that_were_built() -> None:
    built = {path.name: read_ini(path)["Partition"] for path in (IMAGE / "mkosi.repart").iterdir()}
    running = {path.name: read_ini(path)["Partition"] for path in (IMAGE / "mkosi.extra/usr/lib/repart.d").iterdir()}
    for name, same in {
        "00-esp": ["00-esp"],
        "10-root": ["10-root-a", "20-root-b"],
        "11-root-verity": ["11-root-a-verity", "21-root-b-verity"],
        "30-models": ["30-models"],
    }.items():
        for other in same:
            for key in ("Type", "SizeMinBytes", "SizeMaxBytes"):
                assert running[f"{other}.conf"][key] == built[f"{name}.conf"][key], (other, key)
    # A size that is left open would let systemd-repart grow the partition at the first boot.
    assert {name for name, part in running.items() if "SizeMaxBytes" not in part} == {"40-data.conf"}


def test_an_update_is_taken_only_from_where_checked_files_are_put() -> None:
    from appliance.update.install import TRANSFER_DIR

    transfers = sorted((IMAGE / "mkosi.extra/usr/lib").glob("sysupdate*.d/*.transfer"))
    assert len(transfers) == 4
    assert {read_ini(path)["Source"]["Path"] for path in transfers} == {str(TRANSFER_DIR)}


def test_the_settings_of_the_image_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTSIDE_SETTINGS", str(IMAGE / "mkosi.extra/etc/chartside/settings.toml"))
    monkeypatch.delenv("CHARTSIDE_BUNDLE", raising=False)
    settings = Settings.load()
    assert (settings.access, settings.bundle) == ("lan", Path("/run/chartside-models"))


@pytest.mark.skipif(shutil.which("nft") is None or os.geteuid() != 0, reason="needs nft, and root")
def test_the_packet_filter_is_valid() -> None:
    subprocess.run(["nft", "--check", "--file", str(IMAGE / "mkosi.extra/etc/nftables.conf")], check=True)


def test_units_that_write_partitions_may_open_devices() -> None:
    """ProtectClock= allows the clock's device, which bars every other one."""
    writers = ("stick-update.service", "updater@.service", "recovery-key.service")
    barring = {"ProtectClock", "PrivateDevices", "DevicePolicy", "DeviceAllow"}
    for name in writers:
        assert not barring & read_ini(IMAGE / "units" / name)["Service"].keys(), name


def test_the_data_partition_has_one_name_from_the_table_to_the_mount() -> None:
    label = read_ini(IMAGE / "mkosi.extra/usr/lib/repart.d/40-data.conf")["Partition"]["Label"]
    initrd = IMAGE / "mkosi.images/initrd/mkosi.extra"
    (entry,) = (line.split() for line in (initrd / "etc/crypttab").read_text("utf-8").splitlines() if not line.startswith("#"))
    assert entry[1] == f"PARTLABEL={label}"
    mounts = [line.split() for line in (IMAGE / "mkosi.extra/etc/fstab").read_text("utf-8").splitlines()]
    assert {mount[1]: mount[0] for mount in mounts}["/var"] == f"/dev/mapper/{entry[0]}"
    assert (initrd / f"usr/lib/systemd/system/systemd-cryptsetup@{entry[0]}.service.d").is_dir()
    for script in (IMAGE / "mkosi.extra/usr/lib/chartside/recovery-key", initrd / "usr/lib/chartside/answer-from-stick"):
        assert f"/dev/disk/by-partlabel/{label}" in script.read_text("utf-8")


def test_the_kernel_image_takes_nothing_from_the_firmware() -> None:
    assert "systemd.import_credentials=no" in read_ini(IMAGE / "mkosi.conf")["Content"]["KernelCommandLine"].split()


def test_keys_are_made_once(tmp_path: Path) -> None:
    make = [IMAGE / "keys.sh", tmp_path]
    subprocess.run(make, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    pairs = {f"{name}.{kind}" for name in ("models", "secure-boot", "pcr") for kind in ("key", "crt")}
    assert made.keys() == {*pairs, "update.key", "update.json"}
    assert {path.name for path in tmp_path.glob("*.key") if path.stat().st_mode & 0o077} == set()
    (tmp_path / "pcr.key").unlink()
    (tmp_path / "pcr.crt").unlink()
    subprocess.run(make, check=True, capture_output=True)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in made if after[name] != made[name]} == {"pcr.key", "pcr.crt"}
