"""What must hold of a visit wherever it was heard."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
from kiosk_peers import TURN_CHUNKS, turn_text
from page_driver import PageDriver


class Box(Protocol):
    """A box that is asked past the page."""

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request past the page."""


def assert_complete(tablet: PageDriver, box: Box, visit: str, **edited: str) -> None:
    """Every chunk was heard once, in order, and the note has all of it.

    Args:
        tablet: What recorded the visit.
        box: What has it.
        visit: Id of the encounter.
        edited: Sections whose text is the clinician's.
    """
    chunks = tablet.chunks[visit]
    values = [int.from_bytes(chunks[n][:2], "little", signed=True) for n in range(len(chunks))]
    expected = [turn_text(values[start : start + TURN_CHUNKS]) for start in range(0, len(values), TURN_CHUNKS)]
    document = box.api("GET", f"/encounters/{visit}").json()
    assert [turn["text"] for turn in document["transcript"]["turns"]] == expected
    assert document["transcript"]["gaps"] == []
    whole = " | ".join(expected)
    for section in document["note"]["sections"]:
        assert section["text"] == edited.get(section["name"], whole)
