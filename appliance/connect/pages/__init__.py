"""The trust, pairing and set-up pages: HTML made on the box, one style sheet, nothing from elsewhere, and no script but one.

That one shows how far the upload of an update is, on the set-up page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_DIRECTORY: Final = Path(__file__).parent
_environment: Final = Environment(loader=FileSystemLoader(_DIRECTORY), autoescape=True, undefined=StrictUndefined)

STYLE: Final = (_DIRECTORY / "style.css").read_text("utf-8")
"""The style sheet of all pages."""
UPLOAD_SCRIPT: Final = (_DIRECTORY / "upload.js").read_text("utf-8")
"""The script of the set-up page."""
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""All that the trust page needs."""


def render(page: str, **values: object) -> str:
    """A page as HTML.

    Args:
        page: Name of the template, without `.html`.
        values: What it shows; a name that is missing is an error.
    """
    return _environment.get_template(f"{page}.html").render(qr=qr_code, **values)


def qr_code(text: str) -> Markup:
    """An image of a QR code with medium error correction."""
    code = segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=4, dark="#12202a", light="#ffffff")
    return Markup('<img class="qr" alt="QR code" src="{}">').format(code)  # format escapes
