"""What a bundle says about writing: the strategy it wants, and the stamp its notes carry."""

from __future__ import annotations

from typing import Final

from appliance import __version__
from appliance.clinical_note import Stamp
from appliance.note.engine import Engine
from appliance.note.prompts import prompt_version
from appliance.note.sections import SectionsStrategy
from appliance.note.topics import TopicsStrategy
from appliance.note.writer import Strategy
from appliance.runtime.bundle import Manifest, NoteModel

_STRATEGIES: Final[dict[str, type[TopicsStrategy | SectionsStrategy]]] = {
    "topics": TopicsStrategy,
    "sections": SectionsStrategy,
}
_UNGROUNDED: Final = "Grounding was off while this note was written: numbers and drugs in it may never have been said."


def strategy_of(engine: Engine, config: NoteModel, *, grounded: bool) -> Strategy:
    """The strategy of a bundle, with its prompt read.

    Args:
        engine: The bundle's note model.
        config: How the bundle wants it used.
        grounded: Whether numbers, units, drugs, sides and dates must have been said.
    """
    return _STRATEGIES[config.strategy](engine, config, grounded=grounded)


def stamp_of(manifest: Manifest, *, grounded: bool) -> Stamp:
    """What stands on the notes of a bundle."""
    note = manifest.note
    caution = note.caution if grounded else " ".join(filter(None, (note.caution, _UNGROUNDED)))
    return Stamp(
        manifest.label,
        note.model,
        note.adapter,
        note.strategy,
        prompt_version(),
        __version__,
        caution,
        grounded=grounded,
    )
