"""What somebody may do to a backup, and what is said then."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_backup import PASSPHRASE, Box
from store_visits import fill

from appliance.backup import contents
from appliance.backup.recovery import Cost, RecoveryKey, make_key
from appliance.backup.sealing import FRAME_BYTES, MAGIC, VERSION, Header, Unsealed, seal
from appliance.errors import BackupError
from appliance.store.encounters import EncounterStore

KEY = make_key(PASSPHRASE)
FRAME = FRAME_BYTES + 16


def sealed(plain: bytes, key: RecoveryKey = KEY) -> bytes:
    return b"".join(seal([plain], key))


def opened(raw: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return Unsealed(io.BytesIO(raw), passphrase).read(1 << 30)


def beginning(raw: bytes) -> int:
    """Where the frames begin."""
    return len(MAGIC) + 4 + int.from_bytes(raw[len(MAGIC) : len(MAGIC) + 4], "big")


@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES + 5])
def test_what_was_sealed_opens(size: int) -> None:
    plain = os.urandom(size)
    raw = sealed(plain)
    assert opened(raw) == plain
    assert b"".join(seal([plain[n : n + 1000] for n in range(0, size, 1000)], KEY))[beginning(raw) :] != raw[beginning(raw) :]


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    raw = bytearray(sealed(bytes(FRAME_BYTES + 100)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupError):
        opened(bytes(raw))


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_an_end_that_was_cut_off_is_noticed(frames: int) -> None:
    raw = sealed(bytes(2 * FRAME_BYTES + 100))
    for cut in (beginning(raw) + frames * FRAME, beginning(raw) + frames * FRAME + 50):
        with pytest.raises(BackupError, match="cut off"):
            opened(raw[:cut])


@pytest.mark.parametrize("cut", [0, 5, len(MAGIC), len(MAGIC) + 2, len(MAGIC) + 10])
def test_a_beginning_alone_is_no_backup(cut: int) -> None:
    with pytest.raises(BackupError, match=r"no backup|cut off"):
        opened(sealed(b"plain")[:cut])


def test_frames_cannot_be_moved_repeated_or_taken_from_another_file() -> None:
    raw = sealed(bytes(3 * FRAME_BYTES + 1))
    other = sealed(bytes(3 * FRAME_BYTES + 1))
    start = beginning(raw)
    head, frames, end = (
        raw[:start],
        [raw[start + n * FRAME : start + (n + 1) * FRAME] for n in range(3)],
        raw[start + 3 * FRAME :],
    )
    for order in ((1, 0, 2), (0, 0, 1, 2), (0, 2)):
        with pytest.raises(BackupError):
            opened(head + b"".join(frames[n] for n in order) + end)
    with pytest.raises(BackupError):
        opened(head + other[start:])
    with pytest.raises(BackupError):
        opened(raw + b"\0")


def test_nobody_else_can_make_a_backup_of_this_box() -> None:
    # Whoever read a header knows the public key, but not the secret.
    forged = sealed(b"forged", msgspec.structs.replace(KEY, secret=bytes(32)))
    with pytest.raises(BackupError, match=r"cut off|changed"):
        opened(forged)


def with_header(header: object) -> bytes:
    raw = header if isinstance(header, bytes) else msgspec.json.encode(header)
    return MAGIC + len(raw).to_bytes(4, "big") + raw + bytes(100)


def test_a_later_format_is_refused() -> None:
    with pytest.raises(BackupError, match=f"format {VERSION + 1}"):
        opened(with_header({"version": VERSION + 1, "unknown": 1}))


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[",
        b"null",
        {"version": 1},
        Header(1, bytes(4), Cost(), bytes(32), bytes(32)),
        Header(1, KEY.salt, KEY.cost, KEY.public, bytes(32)),
        Header(1, KEY.salt, KEY.cost, KEY.public, bytes(31)),
        {**msgspec.to_builtins(Header(1, KEY.salt, KEY.cost, KEY.public, bytes(32))), "cost": {"memory_kib": 2**40}},
        {**msgspec.to_builtins(Header(1, KEY.salt, KEY.cost, KEY.public, bytes(32))), "cost": {"passes": 10**9}},
    ],
)
def test_a_forged_header_costs_nothing_and_opens_nothing(header: object) -> None:
    with pytest.raises(BackupError):
        opened(with_header(header))


def test_random_files_are_no_backups() -> None:
    randomness = random.Random(5)
    for size in (0, 1, 16, 17, 21, 1000, 300_000):
        for start in (b"", MAGIC):
            with pytest.raises(BackupError):
                opened(start + randomness.randbytes(size))


# What is inside.


def item(name: str, content: bytes, size: int | None = None) -> bytes:
    encoded = name.encode()
    return len(encoded).to_bytes(2, "big") + encoded + (len(content) if size is None else size).to_bytes(8, "big") + content


def inside(tmp_path: Path) -> dict[str, bytes]:
    box = Box(tmp_path / "box")
    box.set_passphrase()
    store = EncounterStore.open(box.settings)
    fill(store, signed=None)
    store.close()
    with box.backup().open("rb") as file:
        return {name: b"".join(content) for name, _, content in contents.read(Unsealed(file, PASSPHRASE))}


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "connect/../../evil",
        "connect/..",
        "connect/.hidden",
        "connect//x",
        "connect/a/b/c/d",
        "journal/" + "0" * 31 + ".journal",
        "journal/" + "0" * 32 + ".journal\n",
        "encounters.sqlite-wal",
        "box.key\0",
        "",
        "\xff" * 20,
        "x" * 60_000,
    ],
)
def test_a_hostile_name_is_never_written(tmp_path: Path, name: str) -> None:
    items = inside(tmp_path)
    target = Box(tmp_path / "target")
    target.set_passphrase()
    plain = b"".join(item(known, content) for known, content in items.items()) + item(name, b"evil") + bytes(2)
    file = tmp_path / "hostile.backup"
    file.write_bytes(sealed(plain, RecoveryKey.load(target.settings.recovery_key)))
    before = sorted(tmp_path.rglob("*"))
    refused = target.restore(file)
    assert refused.exit_code == 2, refused.output
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("lacks", ["about", "box.key", "encounters.sqlite", "recovery.json", "end", "size"])
def test_a_backup_that_lacks_something_is_not_restored(tmp_path: Path, lacks: str) -> None:
    items = inside(tmp_path)
    target = Box(tmp_path / "target")
    target.set_passphrase()
    plain = b"".join(item(name, content) for name, content in items.items() if name != lacks)
    plain += item("connect/x", b"", 2**60) if lacks == "size" else b"" if lacks == "end" else bytes(2)
    file = tmp_path / "lacking.backup"
    file.write_bytes(sealed(plain, RecoveryKey.load(target.settings.recovery_key)))
    for refused in (target.verify(file), target.restore(file)):
        assert refused.exit_code == 2, refused.output
    assert not target.settings.database.exists()


def test_a_key_of_another_box_is_noticed_before_anything_is_replaced(tmp_path: Path) -> None:
    items = inside(tmp_path) | {"box.key": os.urandom(32)}
    target = Box(tmp_path / "target")
    target.set_passphrase()
    file = tmp_path / "wrong.backup"
    plain = b"".join(item(name, content) for name, content in items.items()) + bytes(2)
    file.write_bytes(sealed(plain, RecoveryKey.load(target.settings.recovery_key)))
    refused = target.restore(file)
    assert refused.exit_code == 4, refused.output
    assert not target.settings.database.exists()
    assert not target.settings.box_key.exists()
