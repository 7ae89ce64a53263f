"""The page: static files built from `web/`."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, send_from_directory

PAGE_DIR: Final = Path(__file__).parent / "page"
"""Where the build of `web/` puts the page."""
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_NOT_BUILT: Final = (
    "The Chartside page has not been built.\n\n"
    "Run `npm ci && npm run build` in web/, then reload. The API under /api works without it.\n"
)

# Debian's table of media types lacks some of these or has outdated ones; with nosniff, a wrong type stops the page.
for _suffix, _media_type in {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}.items():
    mimetypes.add_type(_media_type, _suffix)


def create_page(directory: Path = PAGE_DIR) -> Blueprint:
    """Routes that serve the built page.

    Args:
        directory: Directory with `index.html` and `assets/`, whose file names carry a hash of their content.
    """
    page = Blueprint("page", __name__)

    @page.get("/")
    def index() -> Response:
        """The page."""
        if not (directory / "index.html").is_file():
            return Response(_NOT_BUILT, status=503, mimetype="text/plain")
        return _serve(directory, "index.html")

    @page.get("/bench")
    def bench() -> Response:
        """The page that measures a tablet."""
        return _serve(directory, "bench.html")

    @page.get("/<path:name>")
    def file(name: str) -> Response:
        """The page's scripts, styles and icons."""
        return _serve(directory, name)

    return page


def _serve(directory: Path, name: str) -> Response:
    response = send_from_directory(directory, name)
    # A hashed name never gets other content; everything else is checked against its ETag on every load.
    response.headers["Cache-Control"] = _IMMUTABLE if name.startswith("assets/") else "no-cache"
    return response
