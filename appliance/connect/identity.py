"""Which certificate the box shows, and what is wrong with it."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from appliance.connect import own_certificate
from appliance.connect.addresses import Address
from appliance.connect.authority import Authority
from appliance.connect.clock import Reading, day
from appliance.connect.leaf import Leaf, named
from appliance.connect.name import names_file, names_of
from appliance.connect.state import Trouble
from appliance.connect.tls import server_context
from appliance.errors import CertificateError
from appliance.runtime.files import write_whole
from appliance.settings import Settings

_log = logging.getLogger(__name__)
_SOON: Final = timedelta(days=30)
"""So long before its end the clinic's certificate, or the authority, becomes a trouble."""


@dataclass(frozen=True)
class Identity:
    """What tablets see."""

    authority: Authority
    context: ssl.SSLContext
    names: tuple[str, ...]
    """What the certificate names; one may start with `*.`."""
    addresses: tuple[Address, ...]
    issued: datetime
    expires: datetime
    of_clinic: bool
    """The certificate is the clinic's, not of the box's authority."""
    troubles: tuple[Trouble, ...]


def identify(settings: Settings, addresses: Sequence[Address], clock: Reading) -> Identity:
    """The certificate to show from now on. Makes and replaces the box's own where that is due.

    A certificate of the clinic that tablets would refuse is not shown: with the box's own, the trust page remains a way in.

    Raises:
        StorageError: Certificates and keys cannot be read or written.
    """
    now, troubles = clock.time, []
    if clock.trouble:
        troubles.append(Trouble(clock.trouble, clock.hint))
    directory = settings.connect_dir / settings.name
    authority = Authority.load_or_create(directory, settings.name, now)
    troubles += _renamed(settings, now)
    leaf = Leaf(directory, authority)
    reason = leaf.refresh(addresses, now)
    if reason:
        _log.info("connect: new certificate for %s: %s", authority.names[0], reason)
    path = _own_path(settings)
    if path is not None:
        try:
            own = own_certificate.check(_read(path), now)
            context = _own_context(path)
        except CertificateError as error:
            troubles.append(Trouble(f"{error.message} The box shows its own certificate instead.", error.hint))
        else:
            if own.expires - now < _SOON:
                hint = "Have it renewed and install it under set-up."
                troubles.append(Trouble(f"The clinic's certificate expires on {day(own.expires)}.", hint))
            return Identity(
                authority, context, own.names, own.addresses, now, own.expires, of_clinic=True, troubles=tuple(troubles)
            )
    certificate = leaf.read()
    end = authority.certificate.not_valid_after_utc
    if end - now < _SOON:
        hint = "The box then makes a new one: open the trust page with every tablet again."
        troubles.append(Trouble(f"The authority of the box expires on {day(end)}.", hint))
    names, named_addresses = named(certificate)
    context = server_context(leaf.path, leaf.key_path)
    issued, expires = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Identity(authority, context, names, named_addresses, issued, expires, of_clinic=False, troubles=tuple(troubles))


def give_certificate(settings: Settings, pem: bytes | None, now: datetime) -> None:
    """Use a certificate of the clinic, or with None the box's own again.

    Raises:
        CertificateError: Tablets would refuse it; nothing was changed.
    """
    if settings.certificate:
        raise CertificateError(
            "The certificate is given by the settings of the box.", hint="Change the setting `certificate`, or empty it."
        )
    path = _given_path(settings)
    if pem is None:
        path.unlink(missing_ok=True)
        return
    own_certificate.check(pem, now)
    write_whole(path, pem)


def _own_path(settings: Settings) -> Path | None:
    """The file of the clinic's certificate: what the setting names, else what set-up was given; None if neither."""
    if settings.certificate:
        return Path(settings.certificate)
    given = _given_path(settings)
    return given if given.exists() else None


def _given_path(settings: Settings) -> Path:
    return settings.connect_dir / "own.pem"


def _own_context(path: Path) -> ssl.SSLContext:
    try:
        return server_context(path, path)
    except ssl.SSLError as error:
        # OpenSSL has the last word: a box that does not start would be worse than one with its own certificate.
        raise CertificateError(
            f"The clinic's certificate cannot be used for TLS: {error.reason}.", hint="Have another one issued."
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(
            f"The clinic's certificate {path} cannot be read: {error.strerror}.", hint="Check the setting `certificate`."
        ) from error


def _renamed(settings: Settings, now: datetime) -> list[Trouble]:
    """For a month after it got a new name, the box says what that means for its tablets."""
    path, names = names_file(settings), names_of(settings)
    changed = datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo) if names else now
    if settings.name not in names[-1:]:
        # A name that it had before is no new name: its tablets know it.
        names = names[: names.index(settings.name) + 1] if settings.name in names else [*names, settings.name]
        write_whole(path, "\n".join(names).encode())
        changed = now
    if len(names) < 2 or now - changed > _SOON:  # noqa: PLR2004  # an old and a new name
        return []
    old = names[-2]
    hint = f"Open the trust page with every tablet once more and pair it again; or set the name back to {old}."
    return [Trouble(f"The box was renamed from {old} to {settings.name}; its tablets know it as {old}.", hint)]
