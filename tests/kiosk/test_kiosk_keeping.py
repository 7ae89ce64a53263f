"""Retention, backups and audit by command while the kiosk runs."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from kiosk_client import Kiosk, texts, wait_until
from kiosk_killable import KioskProcess, running_kiosk
from kiosk_network import NetworkKiosk
from kiosk_peers import Peer, chunk_of
from kiosk_serving import serving

from appliance.backup import places
from appliance.backup.contents import sealing
from appliance.backup.restore import stage
from appliance.cli import main
from appliance.errors import InputError
from appliance.runtime import logs
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import listen_localhost, listen_unix
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore
from appliance.store.retention import RetentionReport

WORDS = "correct horse battery staple"


def command(data: Path, *arguments: object) -> Result:
    group, name, *rest = map(str, arguments)
    return CliRunner().invoke(main, [group, name, "--data-dir", str(data), *rest])


def signed(kiosk: Kiosk) -> str:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    kiosk.ok("POST", f"/encounters/{encounter}/sign", json={"version": 1, "signer": "Dr. Ada"})
    return encounter


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(WORDS)
    return path


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is 400 days ahead."""
    monkeypatch.setattr("appliance.connect.clock._system", lambda: datetime.now(UTC) + timedelta(days=400))


@pytest.fixture
def keeping_kiosk(tmp_path: Path, speech: Peer, note: Peer) -> Iterator[tuple[Kiosk, Path]]:
    """A kiosk that keeps signed visits for a year, and its data directory."""
    settings = Settings(data_dir=tmp_path / "data", keep_days=365)
    with serving(settings, speech.socket, note.socket, tmp_path / "page") as kiosk:
        yield kiosk, settings.data_dir


@pytest.mark.usefixtures("later")
def test_the_running_kiosk_deletes_what_is_over_its_time(keeping_kiosk: tuple[Kiosk, Path]) -> None:
    kiosk, data = keeping_kiosk
    old, unsigned = signed(kiosk), kiosk.record(4)
    with kiosk.events(old) as events:
        next(events)
        found = command(data, "retention", "run", "--json")
        assert found.exit_code == 0, found.output
        report = msgspec.json.decode(found.output, type=RetentionReport)
        assert report == RetentionReport(dry_run=False, encounters=(old,), unsigned=(unsigned,))
        # Whoever has the visit on the screen is told, as after a deletion on the page.
        assert [event.event for event in events][-1] == "deleted"
    assert [encounter["id"] for encounter in kiosk.ok("GET", "/encounters")] == [unsigned]
    chain = command(data, "audit", "--json")
    assert [(e["event"], e["actor"], e["encounter"]) for e in msgspec.json.decode(chain.output)] == [
        ("encounter deleted", "retention", old)
    ]


def test_audio_goes_while_the_page_shows_the_visit(keeping_kiosk: tuple[Kiosk, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk, data = keeping_kiosk
    encounter = signed(kiosk)
    before = kiosk.get(encounter)
    monkeypatch.setattr("appliance.connect.clock._system", lambda: datetime.now(UTC) + timedelta(days=31))
    with kiosk.events(encounter) as events:
        next(events)
        assert command(data, "retention", "run").output.startswith("Encounters deleted: 0. Audio deleted: 1.")
        assert all(event.event != "deleted" for event in events)
    after = kiosk.get(encounter)
    assert not (data / "journal" / f"{encounter}.journal").exists()
    assert {**after, "received_through": before["received_through"]} == before
    kiosk.ok("POST", f"/encounters/{encounter}/addenda", json={"text": "More.", "signer": "Dr. Ada"})
    assert kiosk.get(encounter)["addenda"][0]["text"] == "More."
    assert kiosk.put(encounter, 4).is_client_error
    kiosk.ok("DELETE", f"/encounters/{encounter}")


def test_what_the_page_deletes_is_in_the_chain(keeping_kiosk: tuple[Kiosk, Path]) -> None:
    kiosk, data = keeping_kiosk
    encounter = kiosk.record(4)
    kiosk.ok("DELETE", f"/encounters/{encounter}")
    printed = CliRunner().invoke(main, ["audit", "--data-dir", str(data)]).output
    assert printed.split()[-4:] == ["encounter", "deleted", "clinician", encounter]


def test_a_backup_in_the_middle_of_a_visit(
    killable: tuple[Kiosk, KioskProcess], tmp_path: Path, stick: Path, words: Path
) -> None:
    kiosk, _ = killable
    data, new = tmp_path / "data", tmp_path / "new"
    assert command(data, "backup", "passphrase", "--passphrase-file", words).exit_code == 0
    draft = kiosk.record(8)
    live = kiosk.start(title="Under way")
    stop = threading.Event()
    sent = 0

    def record() -> None:
        nonlocal sent
        while not stop.is_set():
            kiosk.put_reliably(live, sent)
            sent += 1

    recording = threading.Thread(target=record)
    recording.start()
    wait_until(lambda: sent > 8)
    made = command(data, "backup", "create", stick)
    stop.set()
    recording.join()
    assert made.exit_code == 0, made.output
    (backup,) = stick.iterdir()
    assert CliRunner().invoke(main, ["backup", "verify", str(backup), "--passphrase-file", str(words)]).exit_code == 0
    assert command(new, "backup", "restore", backup, "--passphrase-file", words).exit_code == 0
    store = EncounterStore.open(Settings(data_dir=new))
    assert {encounter.id: encounter.state for encounter in store.all()} == {draft: "draft", live: "recording"}
    assert store.get(live).title == "Under way"
    assert [turn.text for turn in store.turns(draft)] == texts(kiosk.get(draft))
    assert msgspec.json.decode(msgspec.json.encode(store.note(draft)[1])) == kiosk.get(draft)["note"]
    journal = store.journal(live)
    assert 8 < len(journal) <= sent
    assert [journal.read(n) for n in range(len(journal))] == [chunk_of(n + 1) for n in range(len(journal))]
    journal.close()
    store.close()
    # The kiosk knows of it.
    assert CliRunner().invoke(main, ["audit", "--data-dir", str(data)]).output.split()[-1] == backup.name


def test_a_kiosk_that_was_killed_leaves_no_backup(
    killable: tuple[Kiosk, KioskProcess], tmp_path: Path, stick: Path, words: Path
) -> None:
    kiosk, process = killable
    data = tmp_path / "data"
    command(data, "backup", "passphrase", "--passphrase-file", words)
    encounter = kiosk.start()
    kiosk.send(encounter, range(2))
    # A long recording: what follows its beginning need not be audio.
    with (data / "journal" / f"{encounter}.journal").open("r+b") as journal:
        journal.truncate(200_000_000)
    arguments = [sys.executable, "-m", "appliance", "backup", "create", str(stick), "--data-dir", str(data)]
    creating = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size > 1_000_000 for path in stick.iterdir()):
        assert time.monotonic() < deadline
        assert creating.poll() is None
        time.sleep(0.001)
    process.kill()
    _, said = creating.communicate(timeout=60)
    assert creating.returncode == 5, said
    assert "does not answer" in said
    assert list(stick.iterdir()) == []


def test_two_at_a_time_are_no_trouble(keeping_kiosk: tuple[Kiosk, Path], stick: Path, words: Path) -> None:
    kiosk, data = keeping_kiosk
    command(data, "backup", "passphrase", "--passphrase-file", words)
    kiosk.record(4)
    results: list[Any] = []

    def run(*arguments: object) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "appliance", *map(str, arguments), "--data-dir", str(data)], check=False, capture_output=True
        )
        results.append((process.returncode, process.stderr))

    others = [stick / "a", stick / "b"]
    for other in others:
        other.mkdir()
    commands = [("backup", "create", other) for other in others] + [("retention", "run")]
    threads = [threading.Thread(target=run, args=arguments) for arguments in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for code, _ in results] == [0, 0, 0], results
    assert [len(list(other.iterdir())) for other in others] == [1, 1]


def test_whoever_hangs_up_leaves_nothing_behind(keeping_kiosk: tuple[Kiosk, Path], words: Path) -> None:
    kiosk, data = keeping_kiosk
    command(data, "backup", "passphrase", "--passphrase-file", words)
    encounter = kiosk.start()
    kiosk.send(encounter, range(1))
    os.truncate(data / "journal" / f"{encounter}.journal", 100_000_000)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(data / "keeper.sock"))
        caller.sendall(b"GET /backup HTTP/1.1\r\nHost: kiosk\r\n\r\n")
        assert caller.recv(100).startswith(b"HTTP/1.1 200")
        assert list(data.glob(".snapshot-*"))
    wait_until(lambda: not list(data.glob(".snapshot-*")))


@pytest.mark.parametrize("name", ["", "x", "../../etc/passwd", "chartside-00000000-20270101T000000Z.backup\n"])
def test_only_a_backup_can_have_been_made(keeping_kiosk: tuple[Kiosk, Path], name: str) -> None:
    _, data = keeping_kiosk
    with contextlib.closing(ServiceClient(data / "keeper.sock", "kiosk")) as client:
        with pytest.raises(InputError):
            client.call("POST", "/backup/made", object, json={"name": name})
        assert client.call("GET", "/audit", list) == []


def test_the_socket_is_the_owners(keeping_kiosk: tuple[Kiosk, Path]) -> None:
    _, data = keeping_kiosk
    assert (data / "keeper.sock").stat().st_mode & 0o077 == 0
    assert data.stat().st_mode & 0o077 == 0


def test_a_long_path_is_no_hindrance(tmp_path: Path, speech: Peer, note: Peer) -> None:
    settings = Settings(data_dir=tmp_path / ("d" * 120) / "data")
    with serving(settings, speech.socket, note.socket, tmp_path / "page") as kiosk:
        kiosk.start()
        done = command(settings.data_dir, "retention", "run")
        assert done.exit_code == 0, done.output


def test_no_log_record_holds_what_was_said_or_written(
    keeping_kiosk: tuple[Kiosk, Path],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    stick: Path,
    words: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    kiosk, data = keeping_kiosk
    command(data, "backup", "passphrase", "--passphrase-file", words)
    encounter = signed(kiosk)
    kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": "Ms Moneypenny"})
    kiosk.ok("POST", f"/encounters/{encounter}/addenda", json={"text": "Metformin.", "signer": "Dr. Ada"})
    # Something breaks, with what was said in its message.
    document = texts(kiosk.get(encounter))[0]

    def fail(*_: object) -> None:
        raise ValueError(document)

    monkeypatch.setattr(EncounterStore, "addenda", fail)
    assert kiosk.http.get(f"/api/encounters/{encounter}").status_code == 500
    monkeypatch.undo()
    command(data, "backup", "create", stick)
    monkeypatch.setattr("appliance.connect.clock._system", lambda: datetime.now(UTC) + timedelta(days=400))
    command(data, "retention", "run")
    ours = [record for record in caplog.records if record.name.startswith("appliance")]
    logged = "\n".join(logs._Formatter("%(message)s").format(record) for record in ours)
    for text in (document, "heard", "Moneypenny", "Metformin", "Dr. Ada", WORDS):
        assert text not in logged
    assert {record.event for record in ours if hasattr(record, "event")} >= {"recording-complete", "backup-made", "deleted"}
    assert {record.encounter for record in ours if hasattr(record, "encounter")} == {encounter}


def test_systemd_hands_over_the_socket(tmp_path: Path, speech: Peer) -> None:
    """As on the image: three sockets with names, of which one is for the box itself."""
    with contextlib.ExitStack() as stack:
        kiosk, trust = (stack.enter_context(listen_localhost(0)) for _ in range(2))
        keeper = stack.enter_context(listen_unix(tmp_path / "keeper.sock"))
        fds = [listener.fileno() for listener in (kiosk, trust, keeper)]
        serve = f"{sys.executable} -m appliance serve kiosk --socket-dir {speech.socket.parent}"
        script = f"exec 20<&{fds[0]} 21<&{fds[1]} 22<&{fds[2]}; exec 3<&20 4<&21 5<&22; LISTEN_PID=$$ exec {serve}"
        environment = {
            **os.environ,
            "LISTEN_FDS": "3",
            "LISTEN_FDNAMES": "kiosk:trust:keeper",
            "CHARTSIDE_ACCESS": "lan",
            "CHARTSIDE_DATA_DIR": str(tmp_path / "data"),
        }
        process = subprocess.Popen(["bash", "-c", script], pass_fds=fds, env=environment)
        try:
            arguments = ["retention", "run", "--socket-dir", str(tmp_path)]
            done = CliRunner().invoke(main, arguments)
            assert done.exit_code == 0, done.output
            assert not (tmp_path / "data" / "keeper.sock").exists()
        finally:
            process.terminate()
            process.wait()


def test_the_administrator_makes_the_passphrase_on_the_page(network_kiosk: NetworkKiosk, tmp_path: Path, words: Path) -> None:
    stranger = network_kiosk.tablet()
    assert stranger.post("/setup/backup/passphrase").status_code == 401
    assert not network_kiosk.settings.recovery_key.exists()
    administrator = network_kiosk.administrator()
    assert "passphrase" in administrator.html("/setup/")
    shown = administrator.post("/setup/backup/passphrase")
    assert shown.headers["Cache-Control"] == "no-store"
    found = re.search(r'data-testid="passphrase">([a-z ]+)<', shown.text)
    assert found
    assert len(found[1].split()) == 8
    assert found[1] not in administrator.html("/setup/")
    words.write_text(found[1])
    with sealing(network_kiosk.access._visits._store, network_kiosk.settings) as sealed:
        file = places.write(tmp_path, sealed.name, sealed.size, sealed.blocks)
    done = CliRunner().invoke(main, ["backup", "verify", str(file), "--passphrase-file", str(words)])
    assert done.exit_code == 0, done.output


def test_the_administrator_restores_on_the_page(
    network_kiosk: NetworkKiosk, tmp_path: Path, stick: Path, words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Mounting one would need root.
    monkeypatch.setattr("appliance.backup.places.os.path.ismount", lambda path: path == stick)
    object.__setattr__(network_kiosk.settings, "stick_dir", stick)
    restarted: list[bool] = []
    monkeypatch.setattr("appliance.kiosk.setup_api._restart", lambda: restarted.append(True))
    administrator = network_kiosk.administrator()

    def ask(passphrase: str) -> httpx.Response:
        form = {"passphrase": passphrase}
        return administrator.request("POST", "/setup/backup/restore", data=form, headers={"Accept": "text/html"})

    assert "/setup/backup/restore" in administrator.html("/setup/")
    assert ask(WORDS).status_code == 404
    # A backup of another box.
    data = tmp_path / "other"
    with contextlib.closing(EncounterStore.open(Settings(data_dir=data))) as store:
        store.create("aci", "Restored")
    assert command(data, "backup", "passphrase", "--passphrase-file", words).exit_code == 0
    assert command(data, "backup", "create", stick).exit_code == 0
    assert ask("another passphrase").status_code == 422
    assert restarted == []
    assert 'class="notice" role="status"><strong>Restored visits: 1.' in ask(f" {WORDS} ").text
    assert restarted == [True]


def test_a_kiosk_starts_with_what_was_restored(tmp_path: Path, stick: Path, words: Path, speech: Peer, note: Peer) -> None:
    data, new = tmp_path / "data", tmp_path / "new"
    with contextlib.closing(EncounterStore.open(Settings(data_dir=data))) as store:
        encounter = store.create("aci", "Restored").id
        store.update(encounter, state="draft")
    assert command(data, "backup", "passphrase", "--passphrase-file", words).exit_code == 0
    assert command(data, "backup", "create", stick).exit_code == 0
    with running_kiosk(KioskProcess(new, speech, note)) as (kiosk, process):
        wait_until((new / "keeper.sock").exists)
        stage(next(stick.iterdir()), WORDS, Settings(data_dir=new))
        assert kiosk.ok("GET", "/encounters") == []
        process.kill()
        wait_until(lambda: _titles(kiosk) == ["Restored"])
    assert not (new / "restored").exists()


def _titles(kiosk: Kiosk) -> list[str]:
    try:
        return [encounter["title"] for encounter in kiosk.ok("GET", "/encounters")]
    except httpx.TransportError:
        return []
