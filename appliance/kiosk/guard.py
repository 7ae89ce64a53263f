"""What keeps other web pages out, and what the page itself may do.

The kiosk listens on localhost only, but every web page that the same browser shows can send requests there. A page of
another origin is recognized by the headers that browsers add and no script can change; a foreign host name that was pointed
at this machine (DNS rebinding) is recognized by the `Host` header.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Flask, Response, request

from appliance.errors import ForbiddenError, InputError, TooLargeError
from appliance.runtime.web import JSON_BODY_LIMIT

_HOST: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.ASCII)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self' blob:; font-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_NOT_NEEDED: Final = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer", "midi",
    "payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": ", ".join(["microphone=(self)", *(f"{feature}=()" for feature in _NOT_NEEDED)]),
}
"""Stand on every response."""


def protect(app: Flask) -> None:
    """Refuse requests of other origins and set the security headers on every response."""
    app.before_request(_check_size)
    app.before_request(_check_origin)
    app.after_request(_add_headers)


def _check_size() -> None:
    if "Transfer-Encoding" in request.headers:
        raise InputError("The body has no stated length.", hint="Send Content-Length instead of Transfer-Encoding.")
    if (request.content_length or 0) > JSON_BODY_LIMIT:
        raise TooLargeError("The body is too large.", hint=f"Send at most {JSON_BODY_LIMIT} bytes.")


def _check_origin() -> None:
    host = request.headers.get("Host", "")
    if not _HOST.fullmatch(host):
        raise ForbiddenError("The kiosk does not serve this host name.", hint="Open http://localhost with the kiosk's port.")
    if request.method in _SAFE_METHODS and not request.path.startswith("/api/"):
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site not in _OWN_SITES or (origin is not None and origin not in {f"http://{host}", f"https://{host}"}):
        raise ForbiddenError("Another web page sent this request.", hint="Use the kiosk's own page.")


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
