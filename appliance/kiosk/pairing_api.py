"""Pairing: the page that a pairing code leads to, and what a device may know of itself."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from appliance.connect.pages import render
from appliance.connect.state import Trouble
from appliance.errors import ChartsideError
from appliance.kiosk.access import DEVICE_COOKIE, Access, remember_device
from appliance.kiosk.forms import field, html, problem_page, wants_html
from appliance.runtime.web import problem, send
from appliance.store.devices import Device


class ThisDevice(msgspec.Struct, frozen=True):
    """The device that asks."""

    number: int
    name: str
    room: str


def create_pairing(access: Access) -> Blueprint:
    """The routes of pairing, open to everybody.

    Args:
        access: Devices and connection.
    """
    pairing = Blueprint("pairing", __name__)

    def page_with(*troubles: Trouble, code: str = "", name: str = "", status: int = 200) -> Response:
        return html(render("pair", troubles=troubles, code=code, name=name, box=access.connection.state.name), status)

    @pairing.get("/pair")
    def page() -> Response:
        """The pairing page; `?code=` fills in the code."""
        return page_with(code=request.args.get("code", ""))

    @pairing.post("/pair")
    def pair() -> AnyResponse:
        """Pair this device with a code."""
        code, name = field("code", 40), field("name", 80)
        before = access.devices.find(request.cookies.get(DEVICE_COOKIE, ""))
        try:
            _, key = access.devices.pair(code, name)
        except ChartsideError as error:
            if not wants_html():
                raise
            return page_with(Trouble(error.message, error.hint), code=code, name=name, status=error.status)
        if before is not None:
            # It moves to another room: its old key is of no use any more.
            access.devices.revoke(before.number)
        response: Any = redirect("/", 303)
        remember_device(response, key)
        return response  # type: ignore[no-any-return]

    @pairing.errorhandler(ChartsideError)
    def on_error(error: ChartsideError) -> Response:
        return problem_page(error) if wants_html() else problem(error)

    return pairing


def create_device_api() -> Blueprint:
    """What a paired device may know of itself."""
    api = Blueprint("device", __name__, url_prefix="/api")

    @api.get("/device")
    def read() -> Response:
        """This device and its room."""
        device: Device = g.device
        return send(ThisDevice(device.number, device.name, device.room.name))

    return api
