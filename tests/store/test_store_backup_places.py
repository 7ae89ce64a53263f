"""Where backups go, and what a place may do to them."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
from pathlib import Path

import pytest
from store_backup import Box, filled
from store_child import run_in_child

from appliance.backup import places
from appliance.errors import NotFoundError, StorageError
from appliance.store.encounters import EncounterStore


def test_without_a_place_a_passphrase_or_a_stick_there_is_nothing_to_do(box: Box, empty: Box, tmp_path: Path) -> None:
    filled(box)
    EncounterStore.open(empty.settings).close()
    data = ["--data-dir", box.settings.data_dir]
    for arguments, says in (
        (data, "No place for backups is set."),
        ([*data, "stick", "--stick-dir", tmp_path], "no USB stick"),
        (["--data-dir", empty.settings.data_dir, empty.stick], "no recovery passphrase"),
    ):
        refused = box.command("create", *arguments)
        assert (refused.exit_code, says in refused.output) == (NotFoundError.exit_code, True), refused.output
        nightly = box.command("create", "--if-possible", *arguments)
        assert (nightly.exit_code, says in nightly.output) == (0, True), nightly.output
    assert list(empty.stick.iterdir()) == []


def test_a_directory_that_is_not_there_is_an_error_even_at_night(box: Box, tmp_path: Path) -> None:
    filled(box)
    done = box.command("create", "--if-possible", tmp_path / "gone", "--data-dir", box.settings.data_dir)
    assert done.exit_code == 2


def test_the_place_may_come_from_the_settings(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    monkeypatch.setenv("CHARTSIDE_BACKUP_TO", str(box.stick))
    assert box.command("create", "--data-dir", box.settings.data_dir).exit_code == 0
    assert len(list(box.stick.iterdir())) == 1


def test_a_full_stick_is_noticed_before_anything_is_written(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    usage = shutil.disk_usage(box.stick)
    monkeypatch.setattr("appliance.backup.places.shutil.disk_usage", lambda _: usage._replace(free=10_000))
    refused = box.create()
    assert refused.exit_code == StorageError.exit_code
    assert "has 0 MB left" in " ".join(refused.output.split())
    assert list(box.stick.iterdir()) == []


def test_a_stick_that_fills_up_keeps_nothing(box: Box) -> None:
    filled(box)

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with pytest.raises(StorageError, match="cannot be written"):
            places.write(box.stick, "chartside-00000000-20270101T000000Z.backup", 10, iter([bytes(40_000)] * 3))

    run_in_child(fill_up)
    assert list(box.stick.iterdir()) == []
    assert errno.EFBIG in places._HINTS


def test_a_stick_that_forgets_is_noticed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(box)
    sync = os.fsync

    def forget(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".part":
            os.pwrite(descriptor, b"\0", 1000)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", forget)
    refused = box.create()
    assert refused.exit_code == StorageError.exit_code
    assert "other bytes" in refused.output
    assert list(box.stick.iterdir()) == []
