"""What stands in the way of signing a note, and the text that is signed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from appliance.clinical_note import Check, Note
from appliance.kiosk.wire import Block, SignRequest
from appliance.store.records import Addendum, Override, Signature

_CONSEQUENTIAL: Final = frozenset({"assessment", "plan", "medication", "medications"})
"""Words in the names of sections in which an unsupported sentence could change the treatment."""


def blocks(version: int, check: Check | None, request: SignRequest) -> list[Block]:
    """What blocks the signing of the stored version.

    Args:
        version: The newest version of the note.
        check: Its check; None while it is pending.
        request: What is to be signed; an override counts only with a reason.
    """
    if request.version != version:
        return [Block("version")]
    return [block for block in _doubts(check) if not _reason(block, request)]


def signature(version: int, note: Note, check: Check | None, request: SignRequest, created: float) -> Signature:
    """The signature of a note that nothing blocks.

    Args:
        version: The version that is signed.
        note: The note.
        check: Its check, if it came.
        request: Who signs, and why in spite of what would block.
        created: When, in seconds since 1970-01-01 UTC.
    """
    overrides = tuple(
        Override(block.kind, block.section, block.sentence, block.text, _reason(block, request)) for block in _doubts(check)
    )
    signer = request.signer.strip()
    notice = f"Drafted by a language model, reviewed and signed by {signer}, {_time(created)}."
    text = msgspec.structs.replace(note, notice=notice).text
    return Signature(version, signer, created, overrides, note.stamp, text, hashlib.sha256(text.encode()).hexdigest())


def signed_text(signed: Signature, addenda: Sequence[Addendum]) -> str:
    """The text that was signed, and what was added to it."""
    added = [f"ADDENDUM\n{addendum.text}\n{addendum.signer}, {_time(addendum.created)}.\n" for addendum in addenda]
    return "\n".join([signed.text, *added])


def _doubts(check: Check | None) -> Iterator[Block]:
    """Everything that needs a reason to be signed."""
    if check is None:
        yield Block("check_pending")
        return
    for section in check.sections:
        consequential = not _CONSEQUENTIAL.isdisjoint(re.split(r"[^a-z]+", section.name.lower()))
        for n, sentence in enumerate(section.sentences):
            if sentence.state == "contradicted" or (sentence.state == "unsupported" and consequential):
                yield Block(sentence.state, section.name, n, sentence.text)


def _reason(block: Block, request: SignRequest) -> str:
    """Why a block is overridden; empty if it is not."""
    place = block.section, block.sentence
    reasons = (override.reason.strip() for override in request.overrides if (override.section, override.sentence) == place)
    return next(filter(None, reasons), "")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
