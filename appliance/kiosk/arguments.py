"""What the routes read from path, query and body, checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from typing import Final

from flask import request

from appliance.errors import InputError, NotFoundError, StretchError
from appliance.runtime.web import receive_chunk

_ENCOUNTER: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_DIGEST: Final = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):\s*(?:$|[,;])", re.ASCII)


def encounter_id(text: str) -> str:
    """The id of an encounter.

    Raises:
        NotFoundError: It cannot be one.
    """
    if not _ENCOUNTER.fullmatch(text):
        raise NotFoundError("This is not the id of an encounter.", hint="Ids have 32 hexadecimal digits.")
    return text


def chunk_number(text: str) -> int:
    """The number of an audio chunk.

    Raises:
        InputError: It is not a number.
    """
    if not _NUMBER.fullmatch(text):
        raise InputError("The chunk number is not a number.", hint="Number chunks 0, 1, 2 and so on.")
    return int(text)


def position(text: str) -> int:
    """The number of a turn, a proposal, an omission or a version.

    Raises:
        NotFoundError: It is not a number, so there is nothing there.
    """
    if not _NUMBER.fullmatch(text):
        raise NotFoundError("There is nothing at this place.", hint="Places are whole numbers.")
    return int(text)


def stretch() -> tuple[float, float]:
    """`start` and `end` of the query, in seconds.

    Raises:
        StretchError: One is missing or not a number.
    """
    return _seconds("start"), _seconds("end")


def chunk_body() -> bytes:
    """The request's body, one audio chunk, checked against its digest (RFC 9530).

    Raises:
        InputError: It does not match its digest.
        AudioError, TooLargeError: It is no chunk.
    """
    body = receive_chunk()
    header = request.headers.get("Content-Digest")
    if header is not None and (found := _DIGEST.search(header)) and not _matches(body, found[1]):
        raise InputError("The audio chunk does not match its Content-Digest.", hint="It was changed on the way; send it again.")
    return body


def _seconds(name: str) -> float:
    try:
        seconds = float(request.args[name])
    except (KeyError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise StretchError(f"The query has no number {name!r}.", hint="Ask for ?start=S&end=S in seconds.")
    return seconds


def _matches(body: bytes, digest: str) -> bool:
    try:
        return base64.b64decode(digest, validate=True) == hashlib.sha256(body).digest()
    except binascii.Error:
        return False
