"""Pages for people who pair a tablet, set up the box or are refused: what their forms hold, and the answer."""

from __future__ import annotations

from flask import Response, request

from appliance.connect.pages import render
from appliance.connect.state import Trouble
from appliance.errors import ChartsideError, InputError


def wants_html() -> bool:
    """Whether a person waits for a page, rather than a program for an answer."""
    return "text/html" in request.headers.get("Accept", "")


def html(page: str, status: int = 200) -> Response:
    """A page of `appliance.connect.pages`. Its forms say where they come from, unlike all else: the guard asks for it."""
    headers = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    return Response(page, status=status, mimetype="text/html", headers=headers)


def problem_page(error: ChartsideError) -> Response:
    """An error as a page."""
    return html(render("problem", troubles=(Trouble(error.message, error.hint),)), error.status)


def field(name: str, longest: int) -> str:
    """A field of the form that was sent, without surrounding space.

    Raises:
        InputError: It is missing, blank or too long.
    """
    value = request.form.get(name, "").strip()
    if not 0 < len(value) <= longest:
        raise InputError(f"The field {name} is {'too long' if value else 'empty'}.", hint=f"Fill in 1 to {longest} characters.")
    return value
