"""Set-up: rooms, pairing codes, devices, the clinic's certificate, backups, updates and the PIN, for whoever knows the PIN.

Forms, which work without a script: a browser in a clinic may be old, and nothing here has to be fast.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from appliance.backup.places import STICK, find_place, newest
from appliance.backup.recovery import make_key, make_passphrase
from appliance.backup.restore import stage
from appliance.connect.clock import day
from appliance.connect.pages import UPLOAD_SCRIPT, render
from appliance.connect.state import Trouble
from appliance.errors import ChartsideError, InputError, TooLargeError
from appliance.health.backup import check_backup
from appliance.kiosk.access import SETUP_COOKIE, Access, remember
from appliance.kiosk.devices import PairingCode
from appliance.kiosk.forms import field, html, wants_html
from appliance.kiosk.updates import UPDATE_LIMIT, Updates
from appliance.runtime.web import problem
from appliance.store.devices import Device

_CERTIFICATE_LIMIT = 256 * 1024
_ANSWER_SECONDS = 1.0


def create_setup(access: Access, updates: Updates) -> Blueprint:
    """The routes under `/setup`.

    Args:
        access: Devices, administrator and connection.
        updates: The updates of the box.
    """
    setup = Blueprint("setup", __name__, url_prefix="/setup")

    def page_with(
        *troubles: Trouble,
        notice: Trouble | None = None,
        code: PairingCode | None = None,
        passphrase: str = "",
        status: int = 200,
    ) -> Response:
        if not access.signed_in:
            return html(render("sign_in", troubles=troubles, new=bool(access.administrator.setup_code)), status)
        state = access.connection.state
        link = f"{state.url}pair?{urlencode({'code': code.code})}" if code else ""
        return html(
            render(
                "setup",
                troubles=(*troubles, *state.troubles),
                notice=notice,
                state=state,
                rooms=access.devices.rooms(),
                devices=[_row(device) for device in access.devices.all()],
                code=code,
                link=link,
                expires=day(state.expires),
                backup=check_backup(access.connection.settings),
                passphrase=passphrase,
                empty=access.empty,
                update=updates.shown(),
            ),
            status,
        )

    @setup.get("/", strict_slashes=False)
    def page() -> Response:
        """The set-up page; asks for the PIN first."""
        return page_with()

    @setup.errorhandler(ChartsideError)
    def on_error(error: ChartsideError) -> Response:
        if not wants_html():
            return problem(error)
        return page_with(Trouble(error.message, error.hint), status=error.status)

    _add_session(setup, access)
    _add_devices(setup, access)
    _add_certificate(setup, access)
    _add_updates(setup, updates, page_with)

    @setup.post("/rooms/<int:room>/code")
    def code(room: int) -> Response:
        """A pairing code for a room, as a QR code too."""
        return page_with(code=access.devices.new_code(room))

    @setup.post("/backup/passphrase")
    def passphrase() -> Response:
        """Make a recovery passphrase, which opens the backups made from now on; shown this once."""
        words = make_passphrase()
        make_key(words).save(access.connection.settings.recovery_key)
        return page_with(passphrase=words)

    @setup.post("/backup/restore")
    def restore() -> Response:
        """Restore the newest backup on the stick to a box without visits; the kiosk restarts."""
        access.check_empty()
        settings = access.connection.settings
        about = stage(newest(find_place(STICK, settings)), field("passphrase", 1000), settings)
        _restart()
        restored = f"Restored visits: {about.encounters}. The box is ready again in half a minute."
        return page_with(notice=Trouble(restored, "Tablets, rooms and the PIN are those of the backup."))

    return setup


def _add_session(setup: Blueprint, access: Access) -> None:
    administrator = access.administrator

    @setup.post("/first-pin")
    def first_pin() -> AnyResponse:
        """Set the first PIN with the set-up code."""
        token = administrator.set_first_pin(field("code", 40), field("pin", 100))
        access.refresh()
        return _with_session(token)

    @setup.post("/sign-in")
    def sign_in() -> AnyResponse:
        """Enter the PIN."""
        return _with_session(administrator.sign_in(field("pin", 100)))

    @setup.post("/sign-out")
    def sign_out() -> AnyResponse:
        """Leave set-up."""
        administrator.sign_out(request.cookies[SETUP_COOKIE])
        return _back()

    @setup.post("/pin")
    def pin() -> AnyResponse:
        """Change the PIN; everybody has to enter it again."""
        administrator.change_pin(field("pin", 100))
        return _back()


def _add_devices(setup: Blueprint, access: Access) -> None:
    devices = access.devices

    @setup.post("/rooms")
    def add_room() -> AnyResponse:
        """Add a room."""
        devices.add_room(field("name", 80))
        return _back()

    @setup.post("/rooms/<int:room>/remove")
    def remove_room(room: int) -> AnyResponse:
        """Remove a room without tablets."""
        devices.remove_room(room)
        return _back()

    @setup.post("/devices/<int:device>/revoke")
    def revoke(device: int) -> AnyResponse:
        """Refuse a device from now on."""
        devices.revoke(device)
        return _back()


def _add_certificate(setup: Blueprint, access: Access) -> None:
    @setup.post("/certificate")
    def certificate() -> AnyResponse:
        """Use a certificate of the clinic: PEM with its chain and key."""
        file = request.files.get("pem")
        if file is None:
            raise InputError("No file was sent.", hint="Choose a PEM file with the certificate, its chain and its key.")
        pem = file.stream.read(_CERTIFICATE_LIMIT + 1)
        if len(pem) > _CERTIFICATE_LIMIT:
            raise TooLargeError(
                "The file is too large for a certificate.", hint=f"Choose one of at most {_CERTIFICATE_LIMIT} bytes."
            )
        access.connection.use_certificate(pem)
        return _back()

    @setup.post("/certificate/remove")
    def remove_certificate() -> AnyResponse:
        """Go back to the certificate of the box."""
        access.connection.use_certificate(None)
        return _back()


def _add_updates(setup: Blueprint, updates: Updates, page_with: Callable[..., Response]) -> None:
    @setup.post("/update")
    def update() -> AnyResponse:
        """Install an update: the signed file, as the field `file` of a form. Checked before the answer, installed after it."""
        request.max_content_length = UPDATE_LIMIT
        updates.take(request.stream, request.mimetype, request.mimetype_params, request.content_length or 0)
        return redirect("/setup/#update", 303)

    @setup.get("/update.js")
    def script() -> Response:
        """Shows how far an upload is; without it, the form works all the same."""
        return Response(UPLOAD_SCRIPT, mimetype="text/javascript")

    @setup.post("/restart")
    def restart() -> Response:
        """Restart the box, so that it starts an update; the field `sure` must be ticked."""
        if "sure" not in request.form:
            raise InputError("The box was not restarted.", hint="Tick that nobody is recording, then press Restart again.")
        updates.restart()
        return page_with(notice=Trouble("The box restarts.", "Open this page again in two minutes."))


def _restart() -> None:
    """Stop once the answer is sent; systemd, or the supervisor, starts the kiosk again, which takes over what was restored."""
    threading.Timer(_ANSWER_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()


def _with_session(token: str) -> AnyResponse:
    response: Any = _back()
    remember(response, SETUP_COOKIE, token)
    return response  # type: ignore[no-any-return]


def _back() -> AnyResponse:
    return redirect("/setup/", 303)


def _row(device: Device) -> dict[str, object]:
    seen = f"{datetime.fromtimestamp(device.seen, UTC):%d %b %Y, %H:%M} UTC"
    revoked = device.revoked is not None
    return {"number": device.number, "room": device.room.name, "name": device.name, "seen": seen, "revoked": revoked}
