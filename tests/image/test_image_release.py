from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from checksums import LIST_FILE, SIGNATURE_FILE, write_checksums
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from vendor_build import KEY, NOW, OTHER_KEY, PACKAGES, RELEASE, ROOT, bill, debian_manifest, release_folder, trusted
from verify_release import verify_release

from appliance.errors import InputError
from appliance.update.pack import pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return release_folder(tmp_path / "build")


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_release_as_it_was_signed_is_whole(folder: Path) -> None:
    found = verify_release(folder, [trusted(OTHER_KEY), trusted()], NOW)
    assert (found.product, found.version, found.board, found.signer, found.files) == ("chartside", "1.2", "x86-64", "vendor", 6)
    assert found.parts > len(PACKAGES)


def test_coreutils_and_openssl_say_the_same_without_us(folder: Path, tmp_path: Path) -> None:
    public = tmp_path / "public.pem"
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    subprocess.run(["sha256sum", "--check", "--strict", LIST_FILE], cwd=folder, check=True, capture_output=True)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", LIST_FILE]
    subprocess.run([*verify, "-sigfile", SIGNATURE_FILE], cwd=folder, check=True, capture_output=True)


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "image": (lambda folder: flip(folder / "chartside_1.2.raw.zst", 7), "raw.zst was changed"),
    "update": (lambda folder: flip(folder / "chartside_1.2.chartside", -1), "1.2.chartside was changed"),
    "cut off": (lambda folder: (folder / "chartside_1.2.raw.zst").write_bytes(b"image"), "raw.zst was changed"),
    "bill": (lambda folder: flip(folder / "chartside_1.2.cdx.json", 100), "cdx.json was changed"),
    "list": (lambda folder: flip(folder / LIST_FILE, 3), "not signed by a trusted key, or was changed"),
    "signature": (lambda folder: flip(folder / SIGNATURE_FILE, 3), "not signed by a trusted key"),
    "short signature": (lambda folder: (folder / SIGNATURE_FILE).write_bytes(b""), "not signed by a trusted key"),
    "other signer": (lambda folder: write_checksums(folder, OTHER_KEY), "not signed by a trusted key"),
    "missing": (lambda folder: (folder / "build.json").unlink(), "build.json is missing"),
    "added": (lambda folder: (folder / "extra.raw").write_bytes(b"x"), "extra.raw is not part of the signed release"),
    "folder added": (lambda folder: (folder / "more").mkdir(), "more is not part of the signed release"),
    "no list": (lambda folder: (folder / LIST_FILE).unlink(), "SHA256SUMS cannot be read"),
    "no signature": (lambda folder: (folder / SIGNATURE_FILE).unlink(), "SHA256SUMS.sig cannot be read"),
}


@pytest.mark.parametrize("way", TAMPERED)
def test_whatever_was_changed_after_signing_is_named(folder: Path, way: str) -> None:
    tamper, said = TAMPERED[way]
    tamper(folder)
    with pytest.raises(InputError, match=said):
        verify_release(folder, [trusted()], NOW)


def test_a_key_that_has_expired_does_not_count(folder: Path) -> None:
    with pytest.raises(InputError, match=r"SHA256SUMS expired on 24 November 2026"):
        verify_release(folder, [trusted(expires=NOW)], NOW)


def test_an_update_from_after_the_keys_end_does_not_count(folder: Path) -> None:
    with pytest.raises(InputError, match=r"1\.2\.chartside has expired"):
        verify_release(folder, [trusted(expires=NOW)], NOW - timedelta(days=1))


def update_of_other_version(folder: Path) -> None:
    other = msgspec.structs.replace(RELEASE, version="1.3")
    root = folder.parent / "root.raw"
    pack(folder / "chartside_1.2.chartside", (root,), KEY, release=other, component="system", created=NOW)


def update_of_other_signer(folder: Path) -> None:
    root = folder.parent / "root.raw"
    pack(folder / "chartside_1.2.chartside", (root,), OTHER_KEY, release=RELEASE, component="system", created=NOW)


def bill_of_other_build(folder: Path) -> None:
    (folder / "chartside_1.2.cdx.json").write_text(bill(folder.parent, {**PACKAGES, "nftables": "1.1.3-2"}), "utf-8")


def bill_with_more(folder: Path) -> None:
    (folder / "chartside_1.2.cdx.json").write_text(bill(folder.parent, {**PACKAGES, "zstd": "1.5"}), "utf-8")


def bill_outside_the_schema(folder: Path) -> None:
    path = folder / "chartside_1.2.cdx.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "serialNumber": "seven"}), "utf-8")


def second_bill(folder: Path) -> None:
    (folder / "old.cdx.json").write_text("{}", "utf-8")


CONTRADICTIONS: dict[str, tuple[Callable[[Path], object], str]] = {
    "update of another version": (update_of_other_version, r"bill of materials is that of chartside 1\.2, the update is 1\.3"),
    "update of another signer": (update_of_other_signer, "not signed by the vendor"),
    "update cut off": (
        lambda folder: (folder / "chartside_1.2.chartside").write_bytes((folder / "chartside_1.2.chartside").read_bytes()[:-9]),
        "cut off in root.raw",
    ),
    "bill of another build": (bill_of_other_build, r"does not name nftables 1\.1\.3-1, which is in the image"),
    "bill with more": (bill_with_more, r"names zstd 1\.5, which is not in the image"),
    "bill outside the schema": (bill_outside_the_schema, "does not fit the schema"),
    "bill that is no JSON": (
        lambda folder: (folder / "chartside_1.2.cdx.json").write_text("{", "utf-8"),
        "does not fit the schema",
    ),
    "two bills": (second_bill, r"one file that ends in \.cdx\.json; this one has 2"),
    "no update": (lambda folder: (folder / "chartside_1.2.chartside").unlink(), r"ends in \.chartside; this one has 0"),
    "manifest that is none": (lambda folder: (folder / "chartside_1.2.manifest").write_text("{}", "utf-8"), "cannot be read"),
    "package left out": (
        lambda folder: debian_manifest(folder / "chartside_1.2.manifest", {"libc6": "2.41-12"}),
        r"names nftables 1\.1\.3-1, which is not in the image",
    ),
}


@pytest.mark.parametrize("way", CONTRADICTIONS)
def test_a_release_that_was_signed_but_contradicts_itself_is_refused(folder: Path, way: str) -> None:
    change, said = CONTRADICTIONS[way]
    change(folder)
    write_checksums(folder, KEY)
    with pytest.raises(InputError, match=said):
        verify_release(folder, [trusted()], NOW)


def test_a_list_with_a_path_in_it_is_refused_although_it_is_signed(folder: Path) -> None:
    text = f"{'0' * 64}  ../{folder.name}\n".encode()
    (folder / LIST_FILE).write_bytes(text)
    (folder / SIGNATURE_FILE).write_bytes(KEY.sign(text))
    with pytest.raises(InputError, match="a line that is no checksum"):
        verify_release(folder, [trusted()], NOW)


def test_names_that_a_shell_would_stumble_over_are_not_signed(folder: Path) -> None:
    (folder / "a b").write_bytes(b"")
    with pytest.raises(InputError, match="The name 'a b' cannot be published"):
        write_checksums(folder, KEY)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "image" / "release.py"), *map(str, arguments)]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def test_the_command_says_one_sentence_and_ends_with_2(folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "vendor.json").write_bytes(msgspec.json.encode(trusted(expires=NOW + timedelta(days=36500))))
    whole = command("verify", folder, "--keys", keys)
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.startswith("chartside 1.2 for x86-64, signed by vendor: 6 files,")
    flip(folder / "chartside_1.2.raw.zst", 7)
    for arguments in ((folder, "--keys", keys), (tmp_path / "none", "--keys", keys), (folder, "--keys", tmp_path / "none")):
        refused = command("verify", *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("release: ")
        assert "Traceback" not in refused.stderr
