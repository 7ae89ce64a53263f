"""Publishes the box's name on the network by multicast DNS (RFC 6762, RFC 6763).

A name that another device answers to is not taken: the box uses its second name, which ends in four digits of its own key. So
two boxes that nobody named live on one network, and each keeps the same name from one start to the next while the other is
there.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, NonUniqueNameException, RecordUpdate, RecordUpdateListener, ServiceInfo, Zeroconf
from zeroconf._dns import DNSAddress, DNSQuestion  # the package exports them without listing them
from zeroconf._protocol.outgoing import DNSOutgoing
from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_A, _TYPE_AAAA

from appliance.connect.addresses import Address

_log = logging.getLogger(__name__)
_TYPE: Final = "_https._tcp.local."
_ASKED: Final = 3
"""How often others are asked for a name before it is taken (RFC 6762, section 8.1)."""
_LISTEN_SECONDS: Final = 0.75
"""How long they may take each time. One who has just answered somebody else waits for a second (section 6)."""


class _Others(RecordUpdateListener):
    """Hears who else answers for a name, for as long as this box is there."""

    def __init__(self, name: str, own: Sequence[Address]) -> None:
        self._name = f"{name}."
        self._own = {address.packed for address in own}
        self.heard: Final = threading.Event()

    def ask(self, zeroconf: Zeroconf) -> None:
        """Ask the network for the name's addresses."""
        question = DNSOutgoing(_FLAGS_QR_QUERY)
        for kind in (_TYPE_A, _TYPE_AAAA):
            question.add_question(DNSQuestion(self._name, kind, _CLASS_IN))
        zeroconf.send(question)

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:  # noqa: ARG002
        """Called by zeroconf with what it heard."""
        for record in (update.new for update in records):
            if isinstance(record, DNSAddress) and record.name.lower() == self._name and record.address not in self._own:
                self.heard.set()


class Announcer:
    """Answers for the box's name.

    Args:
        names: What the box may be called, in order of preference, each ending in `.local`.
        port: TCP port of the kiosk.
        interfaces: Addresses of the network cards to use; all of them by default.
    """

    def __init__(self, names: Sequence[str], port: int, *, interfaces: Sequence[str] | None = None) -> None:
        logging.getLogger("zeroconf").addFilter(_without_trace)
        self._names = names
        self._port = port
        self._interfaces = list(interfaces) if interfaces is not None else InterfaceChoice.All
        self._addresses: tuple[Address, ...] = ()
        self._zeroconf: Zeroconf | None = None
        self._others: _Others | None = None
        self.name = names[0]
        """The name that is published, or would be."""
        self.trouble = ""
        """Why no name is published, or not the first; empty if it is."""

    def announce(self, addresses: Sequence[Address]) -> None:
        """Publish the name for these addresses; again after they changed, and now and then to notice other boxes."""
        if tuple(addresses) == self._addresses and self._zeroconf and self._others and not self._others.heard.is_set():
            self._others.ask(self._zeroconf)
            return
        self.close()
        self._addresses = tuple(addresses)
        if not addresses:
            self.trouble = "The box has no private address, so no name is published."
            return
        try:
            # In a thread of its own, zeroconf makes its own event loop, even where the caller's thread runs one.
            with ThreadPoolExecutor(1) as starting:
                self._zeroconf = starting.submit(Zeroconf, interfaces=self._interfaces).result()
            self._publish()
        except (OSError, ZeroconfError) as error:
            self.close()
            self.trouble = f"The name cannot be published ({type(error).__name__}); use an address of the box instead."
            _log.warning("connect: %s", self.trouble)

    def close(self) -> None:
        """Take the name back."""
        if self._zeroconf is not None:
            with contextlib.suppress(Exception):  # the network may be gone, and with it who should hear
                self._zeroconf.close()
        self._zeroconf = self._others = None

    def _publish(self) -> None:
        assert self._zeroconf  # noqa: S101
        for name in self._names:
            others = _Others(name, self._addresses)
            self._zeroconf.add_listener(others, None)
            if self._taken(others):
                continue
            with contextlib.suppress(NonUniqueNameException):
                self._zeroconf.register_service(self._service(name))
                self._others, self.name = others, name
                taken = name != self._names[0]
                self.trouble = f"Another device has the name {self._names[0]}; this box is {name}." if taken else ""
                if taken:
                    _log.warning("connect: %s", self.trouble)
                return
        self.trouble = f"Other devices have the names {' and '.join(self._names)}; use an address of the box instead."

    def _taken(self, others: _Others) -> bool:
        """Whether somebody else answers with another address."""
        assert self._zeroconf  # noqa: S101
        for _ in range(_ASKED):
            others.ask(self._zeroconf)
            if others.heard.wait(_LISTEN_SECONDS):
                return True
        return False

    def _service(self, name: str) -> ServiceInfo:
        label = name.removesuffix(".local")
        return ServiceInfo(
            _TYPE,
            f"{label}.{_TYPE}",
            port=self._port,
            properties={"path": "/"},
            server=f"{name}.",
            addresses=[address.packed for address in self._addresses],
        )


def _without_trace(record: logging.LogRecord) -> bool:
    """A cable that is pulled is told in one line; zeroconf adds where in its code it noticed."""
    record.exc_info = None
    return True
