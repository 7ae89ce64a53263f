from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from appliance.errors import BundleError, InputError
from appliance.models.assemble import write_manifest
from appliance.runtime.bundle import FORMAT, Bundle, Manifest, NoteModel, SpeechModel
from appliance.runtime.signature import check_signature, sign, write_keys


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    directory = tmp_path / "bundle"
    (directory / "note").mkdir(parents=True)
    (directory / "note" / "model.onnx").write_bytes(b"weights")
    note = NoteModel("m", "none", "topics", 1, writing="verbatim")
    write_manifest(directory, Manifest(FORMAT, "s", "1", SpeechModel("whisper"), note, {}, ()))
    return directory


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    write_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_a_signed_bundle_passes_and_is_still_whole(bundle: Path, keys: Path) -> None:
    sign(bundle, keys / "private.pem")
    check_signature(bundle, keys / "public.pem")
    Bundle(bundle).verify()
    assert len((bundle / "bundle.json.sig").read_bytes()) == 64


def test_a_file_cannot_be_exchanged_with_its_hash(bundle: Path, keys: Path) -> None:
    sign(bundle, keys / "private.pem")
    (bundle / "note" / "model.onnx").write_bytes(b"poison!")
    write_manifest(bundle, Bundle(bundle).manifest)  # a thief can make the hashes right, but not the signature
    with pytest.raises(BundleError, match="changed after it was signed"):
        check_signature(bundle, keys / "public.pem")


def test_another_key_or_no_signature_is_refused(bundle: Path, keys: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not signed"):
        check_signature(bundle, keys / "public.pem")
    write_keys(tmp_path / "others")
    sign(bundle, tmp_path / "others" / "private.pem")
    with pytest.raises(BundleError, match="another key"):
        check_signature(bundle, keys / "public.pem")
    (bundle / "bundle.json.sig").write_bytes(b"short")
    with pytest.raises(BundleError, match="another key"):
        check_signature(bundle, keys / "public.pem")


def test_the_private_key_is_private_and_never_overwritten(keys: Path) -> None:
    assert stat.S_IMODE((keys / "private.pem").stat().st_mode) == 0o600
    before = (keys / "private.pem").read_bytes()
    with pytest.raises(InputError, match="would be lost"):
        write_keys(keys)
    assert (keys / "private.pem").read_bytes() == before


def test_wrong_keys_are_named(bundle: Path, keys: Path, tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ec.pem").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "ec.pub").write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "junk.pem").write_bytes(b"junk")
    for key in (tmp_path / "ec.pem", tmp_path / "junk.pem", keys / "public.pem"):
        with pytest.raises(InputError, match="does not hold an Ed25519 private key"):
            sign(bundle, key)
    for key in (tmp_path / "ec.pub", tmp_path / "junk.pem", keys / "private.pem"):
        with pytest.raises(InputError, match="does not hold an Ed25519 public key"):
            check_signature(bundle, key)
    with pytest.raises(InputError, match="cannot be read"):
        sign(bundle, tmp_path / "none.pem")
    with pytest.raises(BundleError, match="There is no model bundle"):
        sign(tmp_path, keys / "private.pem")
