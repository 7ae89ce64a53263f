"""Who spoke: what speech believes and what the clinician says, made into one label per turn.

A label set by hand wins. Swapping sets all labels by hand; those of later turns, which speech goes on to mistake in the same
way, are swapped as well, until speech itself finds out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from appliance.store.records import Label
from appliance.transcript import Speaker

_OTHER: Final[Mapping[Speaker, Speaker]] = {"clinician": "patient", "patient": "clinician", "unknown": "unknown"}


def shown(labels: Sequence[Label]) -> list[Speaker]:
    """The label of each turn as the clinician sees it."""
    told = _other_roles(labels)
    return [label.chosen or (_OTHER[label.heard] if told else label.heard) for label in labels]


def heard(labels: Sequence[Label], changes: Mapping[int, Speaker]) -> dict[int, Label]:
    """What to store when speech changes its mind; turns that do not exist are left out."""
    return {
        n: msgspec.structs.replace(labels[n], heard=speaker)
        for n, speaker in changes.items()
        if 0 <= n < len(labels) and labels[n].heard != speaker
    }


def swapped(labels: Sequence[Label]) -> dict[int, Label]:
    """What to store when the clinician says that clinician and patient are mixed up."""
    return {
        n: Label(labels[n].heard, chosen=_OTHER[speaker], swapped=True)
        for n, speaker in enumerate(shown(labels))
        if speaker != "unknown"
    }


def _other_roles(labels: Sequence[Label]) -> bool:
    """Whether speech takes the clinician for the patient, judged by most turns of the last swap."""
    known = [label for label in labels if label.swapped and label.heard != "unknown"]
    return 2 * sum(label.heard != label.chosen for label in known) > len(known)
