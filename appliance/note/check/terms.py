"""The words of a text that carry its content: names of the lexicon, what a note says in other words, and plain word stems."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib import resources
from typing import Final, NamedTuple

from appliance.lexicon.lexicon import mentions
from appliance.note.facts.context import LABELLED_NO
from appliance.note.facts.quantities import quantities
from appliance.note.facts.sentences import sentence_spans
from appliance.note.facts.when import whens

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")  # noqa: RUF001  # the apostrophe of transcripts
_STEM: Final = 5
"""Letters that the forms of one word share: surgery and surgeries, diabetes and diabetic."""
_SHORTEST: Final = 3
_IRREGULAR: Final = {
    "feet": "foot", "lost": "loss", "lose": "loss", "losing": "loss", "teeth": "tooth", "burn": "burni", "burns": "burni",
}  # fmt: skip
"""Forms that do not share their first letters."""
_EMPTY: Final = frozenset(
    """
    a about above absent according ago additional additionally advise advised after again all also although am an and any
    appear appears are around as at back be became because been before being below both but by can chronic come comes
    concern concerning consistent continue continued continues could counsel counseled current currently daily day days
    decrease decreased demonstrate demonstrates denied denies deny describe described describes did discuss discussed do
    does doing done don due during each educated encourage encouraged endorse endorsed endorses evidence experience
    experiences experiencing explained feel feeling feels felt few finding findings follow for from further gave get
    gets getting give given go goes going good got had has have having he help her here him his history hour hours how
    however i if in include includes including increase increased indicate indicates into is issue issues it its just
    keep known last lately like little lot made make making many may me mention mentioned mild month months more most
    much my need needed needs new no none negative nor not note noted notes now obtain obtained occasional of off ok okay old on
    once one only onto or order ordered other our out over past patient patients per perform performed positive possible present
    presented presenting presents previous previously problem problems provide provided put quite range ready really
    recent recently recommend recommended refer reference regular regularly relevant reported reports report result
    results reveal revealed reveals review reviewed said say says see seem seems seen severe she should show showed
    shows significant since so some start started state stated states status still stop such sure take taken takes
    taking than that the their them then there these they thing things this those through time to today told too took
    toward treat treated treatment try trying twice type under until up us use used uses using very visit want was way
    we week weekly weeks well were what when where which while who will with within without would year years yes yeah
    yet you your
    """.split()
)
"""Words that say nothing about which turn a sentence comes from."""
_NEGATION: Final = re.compile(
    r"\b(?:no|not|never|none|nothing|nor|neither|denies|denied|denying|deny|without|unable|(?:stay\w*|"
    r"keep\w*) (?:out of|away from)|negative|"
    r"absent|cannot|\w+n't)\b",
    re.IGNORECASE,
)
_REACH_ENDS: Final = re.compile(
    r"[.;:!?\n](?=\s|$)|,?\s+\b(?:but|except|although|though|however|because|so|since|which|otherwise)\b|"
    r",\s+(?:and )?(?:i|i'm|i've|it|it's|he|she|we|you|you're|your|the|my|they|they're|there|there's|maybe|just|some)\b|"
    r"(?:,\s+|\s)and (?:\w+ ){1,3}(?:is|are|was|were|sounds?|looks?)\b|"
    r"\band (?:has|have|had|drinks?|takes?|is|are|reports?|endorses?|works?|lives?|uses?)\b",
    re.IGNORECASE,
)
_REACH: Final = 9
"""Words that a negation reaches at most."""
_REACH_OF_LIST: Final = 18
"""The same in a list."""
_FARTHEST: Final = 160
"""Letters before a term in which a negation is looked for."""
_NO_EFFECT: Final = re.compile(
    r"\b(?:not|n't)\s+(?:really\s+)?(?:reliev\w+|help\w*|improv\w+|alleviat\w+|eas(?:e|ed)|touch\w*|eliminat\w+)\b",
    re.IGNORECASE,
)
"""What brought no relief of a thing does not deny the thing."""


class Term(NamedTuple):
    """One word or phrase that carries content."""

    key: str
    """`=concept` for a name of the lexicon, `~meaning` for a paraphrase, `#value` for a number or time, or a word's stem."""
    negated: bool
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    inner: bool
    """Part of a longer term."""


class _Paraphrase(NamedTuple):
    key: str
    opposite: bool


@functools.lru_cache(maxsize=4096)
def terms(text: str) -> tuple[Term, ...]:
    """The terms of a text, in order.

    >>> [(term.key, term.negated) for term in terms("Denies fever but smokes.")]
    [('=fever', True), ('fever', True), ('~smoke', False), ('smoke', False)]

    Args:
        text: A sentence of a note, or one turn.
    """
    straight = text.replace("’", "'")  # noqa: RUF001
    denials = _denials(straight)
    found = [
        Term(
            f"={mention.concept}",
            _negated(straight, *denials, mention.start, mention.end),
            mention.start,
            mention.end,
            inner=False,
        )
        for mention in mentions(straight)
    ]
    for match in _pattern().finditer(straight):
        phrase = _paraphrases()[match[0].lower()]
        start, end = match.span()
        negated = _negated(straight, *denials, start, end) != phrase.opposite
        key = phrase.key if phrase.key.startswith("=") else f"~{phrase.key}"
        found.append(Term(key, negated, start, end, inner=_within(found, start, end)))
    longer = list(found)
    named = [(f"{number.value.normalize():f}", number.start, number.end) for number in quantities(straight)]
    named += [(when.name, when.start, when.end) for when in whens(straight) if when.name]
    found += [Term(f"#{name}", negated=False, start=start, end=end, inner=False) for name, start, end in named]
    found += (
        Term(stem, _negated(straight, *denials, start, end), start, end, inner=_within(longer, start, end))
        for stem, start, end in _stems(straight)
    )
    return tuple(sorted(found, key=lambda term: (term.start, -term.end)))


def _within(longer: list[Term], start: int, end: int) -> bool:
    return any(term.start <= start and end <= term.end for term in longer)


def _stems(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WORD.finditer(text):
        word = match[0].lower().removesuffix("'s")
        if len(word) >= _SHORTEST and word not in _EMPTY and "'" not in word:
            word = _IRREGULAR.get(word, word)
            yield (word.removesuffix("s") if len(word) > _SHORTEST else word)[:_STEM], match.start(), match.end()


def _denials(text: str) -> tuple[list[re.Match[str]], list[int]]:
    """The negations of a text, and where its sentences begin."""
    idle = [match.span() for match in _NO_EFFECT.finditer(text)]
    cues = [cue for cue in _NEGATION.finditer(text) if not any(start < cue.end() <= end for start, end in idle)]
    return cues, [start for start, _ in sentence_spans(text)]


def _negated(text: str, cues: list[re.Match[str]], begins: list[int], start: int, end: int) -> bool:
    """Whether a negation of the same sentence before the span reaches it, or one stands right behind it."""
    if LABELLED_NO.fullmatch(text):
        return True
    first = max((begin for begin in begins if begin <= start), default=0)
    near = [cue for cue in cues if max(first, start - _FARTHEST) <= cue.start() and cue.end() <= start]
    cue = near[-1] if near else None
    if cue:
        between = text[cue.end() : start]
        ends = _REACH_ENDS.search(text, cue.end())
        reached = ends is None or ends.start() >= start
        if reached and len(between.split()) <= (_REACH_OF_LIST if "," in between else _REACH):
            return True
    return bool(
        re.match(
            r"\W*(?:(?:is|are|was|were)\s+)?(?:negative|absent|none|denied|not (?:present|seen|identified))\b|"
            r"\W+(?:never|no)(?=\W*$)",
            text[end : end + 30],
            re.IGNORECASE,
        )
    )


@functools.cache
def _paraphrases() -> dict[str, _Paraphrase]:
    """What each form means, lower case."""
    table = (resources.files(__package__) / "paraphrases.tsv").read_text("utf-8")
    rows = [row.split("\t") for row in table.splitlines() if row and not row.startswith("#")]
    return {form.removeprefix("-"): _Paraphrase(key, form.startswith("-")) for key, forms in rows for form in forms.split(", ")}


@functools.cache
def _pattern() -> re.Pattern[str]:
    forms = sorted(_paraphrases(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, forms))})\b", re.IGNORECASE)
