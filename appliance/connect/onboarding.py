"""The trust page: the only thing that the box says without TLS.

It holds what a tablet needs to recognize the box, all of it public, and a link to the kiosk. It takes nothing: no form, no
cookie, no script. The kiosk itself is never served here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from appliance.connect import profile
from appliance.connect.authority import Authority
from appliance.connect.clock import day
from appliance.connect.pages import CONTENT_SECURITY_POLICY, STYLE, render
from appliance.connect.state import State
from appliance.runtime.web import create_service

_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_trust_page(current: Callable[[], tuple[State, Authority, str]]) -> Flask:
    """The application behind plain HTTP.

    Args:
        current: How the box is reached, its authority, and what its clock says.
    """
    app = create_service(__name__)

    @app.get("/")
    def page() -> str:
        """How to trust this box."""
        state, authority, now = current()
        port = urlsplit(state.url).port
        suffix = "" if port is None else f":{port}"
        addresses = [f"https://{f'[{a}]' if ':' in a else a}{suffix}/" for a in state.addresses]
        return render(
            "trust",
            state=state,
            names=authority.names,
            addresses=addresses,
            troubles=state.troubles,
            now=now,
            expires=day(state.expires),
        )

    @app.get("/chartside.crt")
    def certificate() -> Response:
        """The certificate of the box's authority, DER."""
        return Response(current()[1].der, mimetype="application/x-x509-ca-cert")

    @app.get("/chartside.mobileconfig")
    def mobileconfig() -> Response:
        """The same as a configuration profile."""
        headers = {"Content-Disposition": 'attachment; filename="chartside.mobileconfig"'}
        return Response(profile.profile(current()[1]), mimetype=profile.MEDIA_TYPE, headers=headers)

    @app.get("/connect.css")
    def style() -> Response:
        """The style sheet."""
        return Response(STYLE, mimetype="text/css")

    @app.get("/<path:_anything>")
    def elsewhere(_anything: str) -> AnyResponse:
        """Anything else leads to the trust page."""
        return redirect("/")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app
