"""Left and right, where they are about the body: "right knee", "on the left", "both feet"; never "right, okay"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from appliance.note.facts.words import Token, tokens

Side = Literal["left", "right", "bilateral"]

BODY: Final = frozenset(
    """
    abdomen adnexa adrenal ankle ankles arm armpit arms atrial atrium axilla axillary back bicep biceps big breast breasts
    bundle buttock calf calves carotid cervical cheek chest clavicle collarbone cornea ear ears elbow elbows extremities
    extremity eye eyebrow eyelid eyes face facial feet femur fibula finger fingers flank foot forearm forehead fossa gland
    glands great groin hand hands heel heels hemisphere hemithyroid hip hips humerus index inguinal jaw kidney kidneys knee
    knees leg legs limb limbs lip lobe lobes lung lungs maxillary metatarsal middle neck nipple nodule nostril ovaries ovary
    palm paraspinal parietal pelvis pinky pupil quadrant radius renal rib ribs ring rotator scapula shin shoulder shoulders
    side sided sides sole submandibular supraclavicular temple temporal testicle testis thigh thighs thumb thumbs thyroid
    tibia toe toes tonsil trapezius ulna ureter ventricle ventricular wrist wrists
    """.split()
)
"""Parts of the body that have a side."""
_BETWEEN: Final = frozenset(
    """
    upper lower mid middle inner outer front anterior posterior medial lateral distal proximal central common internal
    external deep great big little ring index small and or - hind dorsal plantar thyroid adrenal ulnar radial occipital
    frontal left right
    """.split()
)
"""Words that may stand between the side and the part."""
_ATTRIBUTES: Final = frozenset({"big", "great", "index", "middle", "ring", "side", "sided", "sides"})
"""Words of `BODY` that tell which part is meant, and are none."""
_SINGULAR: Final = {"feet": "foot", "calves": "calf", "ovaries": "ovary", "extremities": "extremity", "radius": "radius",
                     "pelvis": "pelvis", "testis": "testicle", "axillary": "axilla"}  # fmt: skip
_PAIRS: Final = frozenset({"of", "the", "my", "your", "his", "her", "their", "these", "those"})
_ON_THE: Final = frozenset({"on", "to", "in", "of", "from", "than", "and", "or", "over", "at", "down", "for"})
_NO_BODY: Final = frozenset(
    "track thing things way direction dose amount one time place answer path choice decision foods stuff now word page".split()
)
"""After "on the right ...", these say that it means correct."""
_LONGEST_GAP: Final = 3


@dataclass(frozen=True, slots=True)
class SideMention:
    """A side of the body and its place in the text."""

    side: Side
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    part: str = ""
    """The part of the body named behind it, singular, if there is one: `knee`."""


def sides(text: str) -> tuple[SideMention, ...]:
    """The sides of the body that a text speaks of, in order.

    >>> [mention.side for mention in sides("Right, okay. So the left knee hurts more than the right, and both feet are numb.")]
    ['left', 'right', 'bilateral']

    Args:
        text: What was said or what is written.
    """
    found = tokens(text)
    read = []
    for at, token in enumerate(found):
        side = _side_at(found, at)
        if side:
            read.append(SideMention(side, token.start, token.end, _part_behind(found, at)))
    return tuple(read)


def _side_at(found: list[Token], at: int) -> Side | None:
    word = found[at].text
    if word in {"bilateral", "bilaterally"}:
        return "bilateral"
    if word == "both":
        after = at + 1
        while after < len(found) and after - at <= _LONGEST_GAP and found[after].text in _PAIRS | _BETWEEN:
            after += 1
        plural = (
            after < len(found)
            and found[after].text in BODY
            and found[after].text.endswith(("s", "feet", "calves", "extremities"))
        )
        return "bilateral" if plural or (after < len(found) and found[after].text == "feet") else None
    if word in {"left", "right"} and (_before_part(found, at) or _on_the(found, at)):
        return "left" if word == "left" else "right"
    return None


def _before_part(found: list[Token], at: int) -> bool:
    """Read "right knee", "left-sided", "left upper quadrant", "left and right knee"."""
    for after in range(at + 1, min(at + 2 + _LONGEST_GAP, len(found))):
        word = found[after].text
        if word in BODY:
            return not (word == "back" and found[at].text == "right" and not _possessed(found, at))
        if word not in _BETWEEN:
            return False
    return False


def _part_behind(found: list[Token], at: int) -> str:
    """The part of the body that a side belongs to."""
    for token in found[at + 1 : at + 2 + _LONGEST_GAP]:
        if token.text in BODY - _ATTRIBUTES:
            return _SINGULAR.get(token.text, token.text.removesuffix("s"))
        if token.text not in _BETWEEN | _PAIRS | _ATTRIBUTES:
            break
    return ""


def _possessed(found: list[Token], at: int) -> bool:
    """Whether a noun phrase starts before the side: "my right back", not "come right back"."""
    return at > 0 and found[at - 1].text in {"the", "my", "your", "his", "her", "lower", "upper", "mid"}


def _on_the(found: list[Token], at: int) -> bool:
    """Read "on the left", "more than the right", "to your left"."""
    determined = at > 1 and found[at - 1].text in {"the", "my", "your", "his", "her"} and found[at - 2].text in _ON_THE
    after = found[at + 1].text if at + 1 < len(found) else ""
    if not determined or after in _NO_BODY:
        return False
    return (
        found[at].text == "left"
        or not after.isalpha()
        or after in {"and", "but", "or", "is", "than", "more", "with", "too", "as"}
    )
