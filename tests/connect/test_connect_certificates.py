"""The box's authority and leaf, and what happens to them when clock, name and address change."""

from __future__ import annotations

import os
import plistlib
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from connect_certificates import NOW, Clinic, clinic
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from appliance.connect import fingerprint
from appliance.connect.addresses import Address, is_private, private_addresses
from appliance.connect.authority import Authority
from appliance.connect.clock import LONGEST_REST, RELEASED, Clock, Reading
from appliance.connect.identity import Identity, give_certificate, identify
from appliance.connect.leaf import LIFETIME, RENEWED_AFTER, Leaf, issue, named
from appliance.connect.profile import profile
from appliance.errors import CertificateError, StorageError
from appliance.settings import Settings

HOME: list[Address] = [ip_address("192.168.7.20"), ip_address("fd00::20")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def at(time: datetime) -> Reading:
    return Reading(time, shown=time)


def leaf_of(settings: Settings) -> x509.Certificate:
    return x509.load_pem_x509_certificate((settings.connect_dir / settings.name / "leaf.pem").read_bytes())


def verify(authority: Authority, leaf: x509.Certificate, host: str, time: datetime = NOW) -> None:
    try:
        subject: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    verifier = PolicyBuilder().store(Store([authority.certificate])).time(time).build_server_verifier(subject)  # type: ignore[arg-type]
    verifier.verify(leaf, [])


# The constraint.


def test_a_tablet_that_trusts_the_authority_accepts_the_box_s_names_and_addresses(settings: Settings) -> None:
    identity = identify(settings, HOME, at(NOW))
    for host in (*identity.authority.names, "192.168.7.20", "fd00::20"):
        verify(identity.authority, leaf_of(settings), host)


@pytest.mark.parametrize("name", ["bank.example", "other.local", "chartside.local.evil.example", "xchartside.local"])
def test_a_certificate_for_another_name_is_refused(settings: Settings, name: str) -> None:
    authority = identify(settings, HOME, at(NOW)).authority
    forged = issue(replace(authority, names=(name, name)), ec.generate_private_key(ec.SECP256R1()), (), NOW)
    with pytest.raises(VerificationError, match=r"[Nn]ame ?[Cc]onstraint|permitted"):
        verify(authority, forged, name)


def test_a_certificate_for_a_public_address_is_refused(settings: Settings) -> None:
    authority = identify(settings, HOME, at(NOW)).authority
    forged = issue(authority, ec.generate_private_key(ec.SECP256R1()), [ip_address("203.0.113.5")], NOW)
    with pytest.raises(VerificationError, match=r"[Nn]ame ?[Cc]onstraint|permitted"):
        verify(authority, forged, "203.0.113.5")


def test_the_constraint_is_critical_and_the_authority_cannot_make_others(settings: Settings) -> None:
    root = identify(settings, HOME, at(NOW)).authority.certificate
    constraint = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraint.critical
    permitted = constraint.value.permitted_subtrees
    assert permitted is not None
    assert ip_network("192.168.0.0/16") in [name.value for name in permitted]
    basic = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value.path_length == 0
    assert root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def test_keys_are_readable_by_their_owner_only(settings: Settings) -> None:
    identify(settings, HOME, at(NOW))
    for path in settings.connect_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_damaged_key_is_named(settings: Settings) -> None:
    identify(settings, HOME, at(NOW))
    (settings.connect_dir / "chartside" / "authority.key").write_bytes(b"-----BEGIN")
    with pytest.raises(StorageError, match=r"authority\.key"):
        identify(settings, HOME, at(NOW))


# Renewal.


def test_the_leaf_lives_90_days_and_is_renewed_at_two_thirds_with_its_key(settings: Settings) -> None:
    authority = identify(settings, HOME, at(NOW)).authority
    first = leaf_of(settings)
    assert first.not_valid_after_utc - first.not_valid_before_utc == LIFETIME == timedelta(days=90)
    start = first.not_valid_before_utc
    assert identify(settings, HOME, at(start + RENEWED_AFTER - timedelta(seconds=1))).expires == first.not_valid_after_utc
    later = start + RENEWED_AFTER
    again = identify(settings, HOME, at(later))
    second = leaf_of(settings)
    assert second.serial_number != first.serial_number
    assert second.public_key() == first.public_key()
    assert again.authority.der == authority.der
    verify(authority, second, "chartside.local", later)


def test_an_expired_leaf_is_replaced(settings: Settings) -> None:
    identify(settings, HOME, at(NOW))
    late = NOW + timedelta(days=400)
    identity = identify(settings, HOME, at(late))
    assert identity.expires > late
    assert identity.troubles == ()
    verify(identity.authority, leaf_of(settings), "chartside.local", late)


def test_an_expired_authority_is_announced_a_month_before_and_then_replaced(settings: Settings) -> None:
    first = identify(settings, HOME, at(NOW))
    end = first.authority.certificate.not_valid_after_utc
    (trouble,) = identify(settings, HOME, at(end - timedelta(days=29))).troubles
    assert "authority of the box expires" in trouble.detail
    assert "every tablet" in trouble.hint
    second = identify(settings, HOME, at(end))
    assert second.authority.der != first.authority.der
    verify(second.authority, leaf_of(settings), "chartside.local", end)


def test_another_address_gets_another_leaf_and_tablets_notice_nothing(settings: Settings) -> None:
    before = identify(settings, HOME, at(NOW))
    moved = [ip_address("10.3.0.9")]
    after = identify(settings, moved, at(NOW))
    assert after.authority.der == before.authority.der
    assert named(leaf_of(settings)) == (before.authority.names, tuple(moved))
    verify(before.authority, leaf_of(settings), "10.3.0.9")
    assert after.troubles == ()


def test_a_renamed_box_says_so_for_a_month_and_takes_its_old_name_back(settings: Settings) -> None:
    before = identify(settings, HOME, at(NOW))
    renamed = replace(settings, name="north-wing")
    after = identify(renamed, HOME, at(NOW))
    assert after.authority.names[0] == "north-wing.local"
    assert after.authority.der != before.authority.der
    (trouble,) = after.troubles
    assert trouble.detail == "The box was renamed from chartside to north-wing; its tablets know it as chartside."
    assert "trust page" in trouble.hint
    assert "set the name back to chartside" in trouble.hint
    os.utime(settings.connect_dir / "names", (NOW.timestamp(), NOW.timestamp()))
    assert identify(renamed, HOME, at(NOW + timedelta(days=29))).troubles
    assert identify(renamed, HOME, at(NOW + timedelta(days=31))).troubles == ()
    back = identify(settings, HOME, at(NOW))
    assert back.authority.der == before.authority.der
    assert back.troubles == ()


def test_a_damaged_leaf_is_replaced(settings: Settings) -> None:
    identity = identify(settings, HOME, at(NOW))
    leaf = Leaf(settings.connect_dir / "chartside", identity.authority)
    leaf.path.write_bytes(b"nonsense")
    assert "damaged" in leaf.refresh(HOME, NOW)
    assert leaf.refresh(HOME, NOW) == ""


# The clock.


def clock(tmp_path: Path, time: datetime) -> Clock:
    return Clock(tmp_path / "clock", lambda: time)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_wrong_by_ten_years_is_noticed_and_does_no_harm(settings: Settings, years: int) -> None:
    right = RELEASED + timedelta(days=100)
    memory = settings.connect_dir
    clock(memory, right).remember()
    before = identify(settings, HOME, clock(memory, right).read())
    wrong = clock(memory, right + timedelta(days=365 * years))
    wrong.remember()
    identity = identify(settings, HOME, wrong.read())
    (trouble,) = identity.troubles
    assert str((right + timedelta(days=365 * years)).year) in trouble.detail
    assert "timedatectl set-time" in trouble.hint
    assert "accept-clock" in trouble.hint
    verify(before.authority, leaf_of(settings), "chartside.local", right)
    assert identify(settings, HOME, clock(memory, right + timedelta(hours=1)).read()).troubles == ()


def test_a_new_box_with_a_dead_clock_starts_with_certificates_of_its_release(settings: Settings) -> None:
    identity = identify(settings, HOME, clock(settings.connect_dir, datetime(1970, 1, 1, tzinfo=UTC)).read())
    assert len(identity.troubles) == 1
    verify(identity.authority, leaf_of(settings), "chartside.local", RELEASED)


def test_a_leaf_from_the_future_is_replaced_once_the_clock_is_right(settings: Settings) -> None:
    ahead = RELEASED + LONGEST_REST - timedelta(days=1)
    identify(settings, HOME, at(ahead))
    now = RELEASED + timedelta(days=1)
    identity = identify(settings, HOME, at(now))
    verify(identity.authority, leaf_of(settings), "chartside.local", now)


def test_a_clock_that_somebody_looked_at_is_believed(tmp_path: Path) -> None:
    late = clock(tmp_path, RELEASED + timedelta(days=365 * 8))
    assert late.read().trouble
    late.remember()
    assert late.read().trouble
    late.accept()
    assert late.read() == Reading(late.read().shown, shown=late.read().shown)


# A certificate of the clinic.


@pytest.fixture(scope="module")
def own() -> Clinic:
    return clinic()


def shown(settings: Settings, time: datetime = NOW) -> Identity:
    return identify(settings, HOME, at(time))


def test_the_clinic_s_certificate_is_shown_and_can_be_removed(settings: Settings, own: Clinic) -> None:
    give_certificate(settings, own.pem, NOW)
    assert shown(settings).of_clinic
    assert shown(settings).names == ("scribe.clinic.example",)
    give_certificate(settings, None, NOW)
    assert not shown(settings).of_clinic


def test_an_expired_certificate_of_the_clinic_gives_way_to_the_box_s_own(settings: Settings, own: Clinic) -> None:
    give_certificate(settings, own.pem, NOW)
    (soon,) = shown(settings, NOW + timedelta(days=330)).troubles
    assert "expires on" in soon.detail
    expired = shown(settings, NOW + timedelta(days=360))
    assert not expired.of_clinic
    (trouble,) = expired.troubles
    assert "expired on" in trouble.detail
    assert "its own certificate instead" in trouble.detail
    assert "Install a new one" in trouble.hint


def test_a_certificate_that_only_openssl_refuses_gives_way_too(settings: Settings, own: Clinic) -> None:
    other = clinic().leaf.certificate.public_bytes(Encoding.PEM).replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")
    give_certificate(settings, other + own.pem, NOW)
    (trouble,) = shown(settings).troubles
    assert "cannot be used for TLS" in trouble.detail
    assert not shown(settings).of_clinic


def test_the_setting_wins_and_cannot_be_overruled_by_set_up(settings: Settings, own: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "clinic.pem"
    path.write_bytes(own.pem)
    given = replace(settings, certificate=str(path))
    assert shown(given).of_clinic
    with pytest.raises(CertificateError, match="given by the settings"):
        give_certificate(given, own.pem, NOW)
    path.unlink()
    (trouble,) = shown(given).troubles
    assert "cannot be read" in trouble.detail


# What people see.


def test_words_are_bip_39_and_follow_from_the_fingerprint() -> None:
    words = fingerprint._list()
    assert len(words) == 2048 == len({word[:4] for word in words})
    assert fingerprint.words(b"abc") == "risk scheme quiz bulk brother vivid agree chimney"
    assert len({fingerprint.words(bytes([n])) for n in range(200)}) == 200
    assert fingerprint.words(b"abc").split()[0] == words[0xBA7 >> 1]
    assert fingerprint.digits(b"abc").startswith("BA 78 16 BF ")


def test_the_profile_holds_the_authority_and_stays_the_same(settings: Settings) -> None:
    authority = identify(settings, HOME, at(NOW)).authority
    document = plistlib.loads(profile(authority))
    assert document["PayloadType"] == "Configuration"
    (payload,) = document["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == authority.der
    assert profile(authority) == profile(authority)
    assert document["PayloadUUID"] != payload["PayloadUUID"]


def test_only_private_addresses_are_certified() -> None:
    assert all(is_private(address) for address in private_addresses())
    assert [is_private(ip_address(a)) for a in ("172.31.0.1", "172.32.0.1", "8.8.8.8", "127.0.0.1", "fe80::1")] == [
        True, False, False, False, False,
    ]  # fmt: skip
