"""Who gets what on the network: the one place that decides.

Every endpoint belongs to paired devices, unless it is declared here. A request for something that does not exist is treated the
same, so that a stranger does not learn what exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

from flask import Flask, Response, g, request

from appliance.connect.pages import render
from appliance.connect.state import State
from appliance.errors import ConflictError, NotPairedError
from appliance.kiosk.administrator import Administrator
from appliance.kiosk.devices import Devices
from appliance.kiosk.forms import html, wants_html
from appliance.kiosk.updates import UPDATE_LIMIT
from appliance.kiosk.visits import Visits
from appliance.runtime.web import JSON_BODY_LIMIT
from appliance.settings import Settings
from appliance.store.devices import Device, DeviceRecords

OPEN: Final = frozenset({"pairing.page", "pairing.pair", "health.style", "setup.page", "setup.sign_in", "setup.first_pin"})
"""For everybody. `setup.page` shows the sign-in form to whoever has not entered the PIN."""
PIN: Final = "setup."
"""Endpoints that begin so, but for the open ones, are for whoever has entered the PIN, paired or not."""
UPLOAD: Final = "setup.update"
"""Takes a body that is longer than any other, from whoever has entered the PIN."""
DEVICE_COOKIE: Final = "__Host-chartside"
"""Holds the device's key."""
SETUP_COOKIE: Final = "__Host-chartside-setup"
"""Holds the token of who has entered the PIN."""
_COOKIE_SECONDS: Final = 400 * 86_400
"""The longest that browsers keep a cookie; set anew whenever the page is loaded."""
_LOADED: Final = frozenset({"page.index", "local.key"})
"""What a page asks for when it is loaded: the second also where the tablet keeps the page itself."""


class Reached(Protocol):
    """What the kiosk wants from `appliance.connect.connection.Connection`."""

    @property
    def settings(self) -> Settings:
        """Of the box."""

    @property
    def state(self) -> State:
        """How the box is reached."""

    def serves(self, host: str) -> bool:
        """Whether a host name, without port, is one of this box."""

    def tell(self, **facts: object) -> None:
        """Let the state say something that only the kiosk knows."""

    def use_certificate(self, pem: bytes | None) -> None:
        """Show a certificate of the clinic, or with None the box's own."""


class Access:
    """Devices, administrator and connection of a box on the network.

    Args:
        store: Keeps devices, rooms and PIN.
        visits: Whose event streams end when a device is revoked.
        connection: How the box is reached.
    """

    def __init__(self, store: DeviceRecords, visits: Visits, connection: Reached) -> None:
        self.connection: Final = connection
        self._visits = visits
        self.administrator: Final = Administrator(store)
        self.devices: Final = Devices(store, self.refresh)
        self.refresh()

    @property
    def empty(self) -> bool:
        """Whether there are no visits."""
        return not self._visits.all()

    def check_empty(self) -> None:
        """Refuse what would replace visits.

        Raises:
            ConflictError: There are some.
        """
        if not self.empty:
            raise ConflictError("There are visits on this box.", hint="Restore to an empty box.")

    def install(self, app: Flask) -> None:
        """Refuse strangers before any endpoint runs."""
        app.before_request(self._check)
        app.after_request(self._watch_stream)
        app.after_request(_keep_cookie)

    @property
    def signed_in(self) -> bool:
        """Whether the present request comes from somebody who has entered the PIN."""
        try:
            self.administrator.check(request.cookies.get(SETUP_COOKIE, ""))
        except NotPairedError:
            return False
        return True

    def longest_body(self) -> int:
        """How many bytes the body of the present request may have."""
        return UPDATE_LIMIT if request.endpoint == UPLOAD and self.signed_in else JSON_BODY_LIMIT

    def _check(self) -> Response | None:
        endpoint = request.endpoint or ""
        if endpoint in OPEN:
            return None
        if endpoint.startswith(PIN):
            self.administrator.check(request.cookies.get(SETUP_COOKIE, ""))
            return None
        device = self.devices.find(request.cookies.get(DEVICE_COOKIE, ""))
        if device is None:
            if wants_html():
                return html(render("unpaired", troubles=()), NotPairedError.status)
            hint = "Scan a pairing code, or ask your administrator for one."
            raise NotPairedError("This device is not paired with the box, or was revoked.", hint=hint)
        g.device = device
        return None

    def _watch_stream(self, response: Response) -> Response:
        device: Device | None = g.get("device")
        if device is not None and response.mimetype == "text/event-stream":
            response.response = _while(lambda: self.devices.is_paired(device.number), response.response)
        return response

    def refresh(self) -> None:
        """Let the event streams see whether they may go on, and tell the state what changed."""
        self._visits.wake_streams()
        devices = self.devices.all()
        paired = sum(device.revoked is None for device in devices)
        self.connection.tell(
            setup_code=self.administrator.setup_code,
            rooms=len(self.devices.rooms()),
            devices=paired,
            revoked=len(devices) - paired,
        )


def remember(response: Response, cookie: str, value: str, seconds: int | None = None) -> None:
    """Give the browser a cookie that no script and no other site can use.

    Args:
        response: Carries it.
        cookie: Its name. `__Host-` binds it to this host and to TLS (RFC 6265bis, section 4.1.3.2).
        value: Its value.
        seconds: How long the browser keeps it; None until it is closed.
    """
    response.set_cookie(cookie, value, max_age=seconds, secure=True, httponly=True, samesite="Strict")


def remember_device(response: Response, key: str) -> None:
    """Give a paired device its key."""
    remember(response, DEVICE_COOKIE, key, _COOKIE_SECONDS)


def _keep_cookie(response: Response) -> Response:
    if request.endpoint in _LOADED and "device" in g:
        remember_device(response, request.cookies[DEVICE_COOKIE])
    return response


def _while(holds: Callable[[], bool], parts: Iterable[Any]) -> Iterator[Any]:
    """The parts of a stream for as long as something holds; it is asked before each."""
    try:
        for part in parts:
            if not holds():
                return
            yield part
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
