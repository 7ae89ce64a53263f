"""What keeps other web pages out, and what the page itself may do.

Every web page that the same browser shows can send requests to the kiosk, on localhost as on the network. A page of another
origin is recognized by the headers that browsers add and no script can change; a foreign host name that was pointed at this
machine (DNS rebinding) is recognized by the `Host` header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, request

from appliance.errors import ForbiddenError, InputError, TooLargeError
from appliance.runtime.web import JSON_BODY_LIMIT

_HOST: Final = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", re.ASCII)
_LOCALHOST: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self' blob:; font-src 'self'; media-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
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


def protect(
    app: Flask, serves: Callable[[str], bool] = _LOCALHOST.__contains__, longest: Callable[[], int] = lambda: JSON_BODY_LIMIT
) -> None:
    """Refuse requests of other origins and set the security headers on every response.

    Args:
        app: The kiosk's application.
        serves: Whether a host name, without port, is the kiosk's.
        longest: How many bytes the body of the present request may have.
    """
    app.before_request(lambda: _check_size(longest()))
    app.before_request(lambda: _check_origin(serves))
    app.after_request(_add_headers)


def _check_size(longest: int) -> None:
    if "Transfer-Encoding" in request.headers:
        raise InputError("The body has no stated length.", hint="Send Content-Length instead of Transfer-Encoding.")
    # The server closes the connection after this answer; after any other it would read the whole body first.
    if (request.content_length or 0) > longest:
        raise TooLargeError("The body is too large.", hint=f"Send at most {longest} bytes.")


def _check_origin(serves: Callable[[str], bool]) -> None:
    host = request.headers.get("Host", "")
    name = _HOST.fullmatch(host)
    if not name or not serves(name[1]):
        raise ForbiddenError("The kiosk does not serve this host name.", hint="Open the address that `chartside run` prints.")
    if request.method in _SAFE_METHODS and not request.path.startswith("/api/"):
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site not in _OWN_SITES or (origin is not None and origin not in {f"http://{host}", f"https://{host}"}):
        raise ForbiddenError("Another web page sent this request.", hint="Use the kiosk's own page.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
