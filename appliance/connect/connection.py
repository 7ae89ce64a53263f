"""Keeps the box reachable while the kiosk runs: certificate, name, trust page, and what is said about them."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Final, Self

import msgspec

from appliance.connect import fingerprint
from appliance.connect.addresses import Address, private_addresses
from appliance.connect.authority import Authority
from appliance.connect.clock import Clock
from appliance.connect.identity import give_certificate, identify
from appliance.connect.mdns import Announcer
from appliance.connect.onboarding import create_trust_page
from appliance.connect.server import NetworkServer
from appliance.connect.state import State, Trouble
from appliance.connect.tls import TlsAdapter
from appliance.errors import ChartsideError
from appliance.settings import Settings

_log = logging.getLogger(__name__)
_REFRESH_SECONDS: Final = 60.0
"""How often address, clock, certificate and name are looked at."""
_TRUST_THREADS: Final = 8
_HTTP: Final = 80
_HTTPS: Final = 443


class Connection:
    """The box on the network. Use it as a context manager around the kiosk's server.

    Args:
        settings: The settings of the box.
        kiosk_port: TCP port on which the kiosk speaks TLS.
        trust: Listening TCP socket of the trust page; closed at the end.
        clock: The box's clock.
        find_addresses: Finds the box's private addresses.
        interfaces: Addresses of the network cards on which the name is published; all of them by default.

    Raises:
        StorageError: Certificates and keys cannot be read or written.
    """

    def __init__(
        self,
        settings: Settings,
        kiosk_port: int,
        trust: socket.socket,
        *,
        clock: Clock | None = None,
        find_addresses: Callable[[], Sequence[Address]] = private_addresses,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self.settings: Final = settings
        """Of the box."""
        self._ports = kiosk_port, trust.getsockname()[1]
        self._clock = clock or Clock(settings.connect_dir / "clock")
        self._find_addresses = find_addresses
        self._addresses = tuple(find_addresses())
        self._identity = identify(settings, self._addresses, self._clock.read())
        self._announcer = Announcer(self._identity.authority.names, kiosk_port, interfaces=interfaces)
        self._told: dict[str, object] = {}
        self._known = self._describe()
        self._changing = threading.RLock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="connect", daemon=True)
        self._trust_page = NetworkServer(create_trust_page(self._shown), trust, threads=_TRUST_THREADS)
        self._trust_server = threading.Thread(target=self._serve_trust_page, name="trust page", daemon=True)
        self.tls: Final = TlsAdapter(self._identity.context)
        """For the kiosk's server."""

    def __enter__(self) -> Self:
        self.refresh()
        self._watcher.start()
        self._trust_page.prepare()
        self._trust_server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._watcher.join()
        self._trust_page.stop()
        self._trust_server.join()
        self._announcer.close()

    @property
    def state(self) -> State:
        """How the box is reached."""
        return self._known

    def serves(self, host: str) -> bool:
        """Whether a host name, without port, is one of this box: what the certificate names, and nothing else."""
        host = host.lower().strip("[]")
        identity = self._identity
        suffix = host.partition(".")[2]
        return host in {*identity.names, *map(str, identity.addresses)} or f"*.{suffix}" in identity.names

    def tell(self, **facts: object) -> None:
        """Let the state say something that only the kiosk knows: `setup_code`, `rooms`, `devices`, `revoked`."""
        with self._changing:
            self._told |= facts
            self._known = msgspec.structs.replace(self._known, **facts)
            self._known.save(self.settings.connect_dir)

    def use_certificate(self, pem: bytes | None) -> None:
        """Show a certificate of the clinic, or with None the box's own again. Open connections go on.

        Raises:
            CertificateError: Tablets would refuse it; nothing was changed.
        """
        give_certificate(self.settings, pem, self._clock.read().time)
        self.refresh()

    def refresh(self) -> None:
        """Look at clock, addresses, certificate and name, and change what has to change.

        Raises:
            StorageError: Certificates and keys cannot be read or written.
        """
        with self._changing:
            reading = self._clock.read()
            self._clock.remember()
            self._addresses = tuple(self._find_addresses())
            self._identity = identify(self.settings, self._addresses, reading)
            self.tls.context = self._identity.context
            self._announcer.announce(self._addresses)
            self._known = msgspec.structs.replace(self._describe(), **self._told)
            # Whoever waits for the file wants the set-up code too, which is told once the kiosk has opened its store.
            if self._told:
                self._known.save(self.settings.connect_dir)

    def _describe(self) -> State:
        identity, (kiosk, trust) = self._identity, self._ports
        host = next((n for n in identity.names if "*" not in n), str(next(iter(identity.addresses), self._announcer.name)))
        name = self._announcer.name
        url = f"https://{host if identity.of_clinic else name}{'' if kiosk == _HTTPS else f':{kiosk}'}/"
        troubles = list(identity.troubles)
        if self._announcer.trouble:
            hint = "Use the name or the address shown here; give each box a name of its own with the setting `name`."
            troubles.append(Trouble(self._announcer.trouble, hint))
        der = identity.authority.der
        return State(
            name=name,
            url=url,
            trust_url=f"http://{name}{'' if trust == _HTTP else f':{trust}'}/",
            addresses=tuple(str(a) for a in sorted(identity.addresses, key=lambda a: not isinstance(a, IPv4Address))),
            words=fingerprint.words(der),
            digits=fingerprint.digits(der),
            certificate="clinic" if identity.of_clinic else "box",
            issued=identity.issued,
            expires=identity.expires,
            troubles=tuple(troubles),
        )

    def _shown(self) -> tuple[State, Authority, str]:
        return self._known, self._identity.authority, f"{self._clock.read().shown:%d %B %Y, %H:%M} UTC"

    def _watch(self) -> None:
        while not self._stopping.wait(_REFRESH_SECONDS):
            try:
                self.refresh()
            except (ChartsideError, OSError, ssl.SSLError) as error:
                _log.error("connect: %s", error)

    def _serve_trust_page(self) -> None:
        with contextlib.suppress(OSError):
            self._trust_page.serve()
