from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from appliance.errors import StorageError
from appliance.store.keys import KEY_BYTES, OVERHEAD_BYTES, WRAPPED_BYTES, BoxKey


@pytest.fixture
def box_key(tmp_path: Path) -> Path:
    return tmp_path / "data" / "box.key"


def test_the_box_key_is_made_once_and_only_its_owner_can_read_it(box_key: Path) -> None:
    BoxKey.load(box_key, create=True)
    first = box_key.read_bytes()
    BoxKey.load(box_key, create=True)
    assert box_key.read_bytes() == first
    assert len(first) == KEY_BYTES
    assert box_key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in box_key.parent.iterdir()] == ["box.key"]


def _load_and_wrap(path: Path) -> bytes:
    key, wrapped = BoxKey.load(path, create=True).new_key("e")
    return wrapped + key.seal("r", b"text")


def test_processes_that_start_together_get_the_same_box_key(box_key: Path) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        results = pool.map(_load_and_wrap, [box_key] * 16, chunksize=1)
    box = BoxKey.load(box_key, create=False)
    for result in results:
        assert box.unwrap("e", result[:WRAPPED_BYTES]).open("r", result[WRAPPED_BYTES:]) == b"text"


def test_a_missing_box_key_is_not_made_anew_where_encounters_need_the_old_one(box_key: Path) -> None:
    with pytest.raises(StorageError, match="missing") as caught:
        BoxKey.load(box_key, create=False)
    assert "backup" in caught.value.hint
    assert not box_key.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_box_key_that_others_can_use_is_refused(box_key: Path, mode: int) -> None:
    BoxKey.load(box_key, create=True)
    box_key.chmod(mode)
    with pytest.raises(StorageError) as caught:
        BoxKey.load(box_key, create=False)
    assert "chmod 600" in caught.value.hint


def test_a_systemd_credential_may_be_group_readable(box_key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    BoxKey.load(box_key, create=True)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(box_key.parent))
    box_key.chmod(0o440)
    BoxKey.load(box_key, create=False)
    box_key.chmod(0o444)
    with pytest.raises(StorageError):
        BoxKey.load(box_key, create=False)


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_box_key_of_the_wrong_length_is_refused(box_key: Path, length: int) -> None:
    BoxKey.load(box_key, create=True)
    box_key.write_bytes(bytes(length))
    with pytest.raises(StorageError, match=f"{length} bytes"):
        BoxKey.load(box_key, create=False)


def test_a_box_key_in_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be created"):
        BoxKey.load(tmp_path / "file" / "box.key", create=True)


def test_a_wrapped_key_opens_only_for_its_encounter_and_its_box() -> None:
    box, other = BoxKey(os.urandom(KEY_BYTES)), BoxKey(os.urandom(KEY_BYTES))
    key, wrapped = box.new_key("a")
    sealed = key.seal("title", b"plain")
    assert len(wrapped) == WRAPPED_BYTES
    assert len(sealed) == len(b"plain") + OVERHEAD_BYTES
    assert box.unwrap("a", wrapped).open("title", sealed) == b"plain"
    for stranger, encounter in ((box, "b"), (other, "a")):
        with pytest.raises(StorageError):
            stranger.unwrap(encounter, wrapped)


def test_a_record_opens_only_in_its_place() -> None:
    box = BoxKey(os.urandom(KEY_BYTES))
    key, wrapped = box.new_key("a")
    sealed = key.seal("turn/1", b"plain")
    with pytest.raises(StorageError):
        key.open("turn/2", sealed)
    with pytest.raises(StorageError):
        box.new_key("b")[0].open("turn/1", sealed)
    assert box.unwrap("a", wrapped).open("turn/1", sealed) == b"plain"


@pytest.mark.parametrize("position", range(OVERHEAD_BYTES + 5))
def test_any_changed_byte_is_noticed(position: int) -> None:
    key, _ = BoxKey(bytes(KEY_BYTES)).new_key("a")
    sealed = bytearray(key.seal("title", b"plain"))
    sealed[position] ^= 1
    with pytest.raises(StorageError):
        key.open("title", bytes(sealed))


@pytest.mark.parametrize("length", range(OVERHEAD_BYTES))
def test_a_record_that_was_cut_off_is_noticed(length: int) -> None:
    key, _ = BoxKey(bytes(KEY_BYTES)).new_key("a")
    with pytest.raises(StorageError):
        key.open("title", key.seal("title", b"")[:length])


def test_no_nonce_comes_twice() -> None:
    key, _ = BoxKey(bytes(KEY_BYTES)).new_key("a")
    assert len({key.seal("title", b"same")[:12] for _ in range(10_000)}) == 10_000
