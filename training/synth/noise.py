"""What the speech recognizer makes of a synthetic visit: turns with its errors, and only the lines that still stand in them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from appliance.note.templates import template_named
from training.numbers import numbers
from training.synth.drugs import drug_names
from training.visits import Line, Utterance, Visit, note_text

ERRORS_FILE: Final = Path(__file__).parent / "asr_errors.json"
_LONGEST_PHRASE: Final = 4
_ROUNDING: Final = 1e-3
_LONG_WORD: Final = 4
"""Letters of a word that counts as content."""
_LEAST_KEPT: Final = 0.6
"""Share of the content words that a line shares with its turns which must still be heard."""
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9'.%/-]*(?<![.'-])|[A-Za-z0-9]")
_NEGATION = re.compile(r"\b(?:no|not|nope|none|never|nothing|without|denies|\w+n't|neither|nor|negative)\b", re.IGNORECASE)


class AsrErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Error patterns of a recognizer, measured on known speech."""

    substitutions: dict[str, dict[str, float]]
    """By said word or phrase, lower case, of up to four words: what was heard instead, lower case, with its probability."""
    deletions: dict[str, float]
    """Probability that a said word, lower case, was not heard at all."""
    rate: float
    """Word error rate, 0.0 to 1.0, over everything measured."""
    source: str
    """How it was measured: recognizer, voices, conditions."""


def read_asr_errors(path: Path = ERRORS_FILE) -> AsrErrors:
    """Read measured error patterns.

    Raises:
        InputError: The file is missing or malformed, or a probability is outside 0.0 to 1.0.
    """
    try:
        errors = msgspec.json.decode(path.read_bytes(), type=AsrErrors)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read: {error.strerror}.", hint="Measure the recognizer's errors first."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is malformed: {error}.", hint="Measure the recognizer's errors again.") from error
    sums = [sum(heard.values()) for heard in errors.substitutions.values()]
    if any(not 0 <= chance <= 1 + _ROUNDING for chance in [*sums, *errors.deletions.values(), errors.rate]):
        raise InputError(f"{path.name} has a probability outside 0 to 1.", hint="Measure the recognizer's errors again.")
    return errors


def with_noise(visit: Visit, errors: AsrErrors, chance: random.Random) -> Visit:
    """A visit as the recognizer hears it.

    A line is left out, with the facts that no other line states, if a number, a drug or the negation that it rests on was not
    heard: a note must not say what nobody can read in the transcript. Turns that were not heard at all keep their place.

    Args:
        visit: A synthetic visit.
        errors: What goes wrong and how often.
        chance: Source of all choices.
    """
    turns = tuple(Utterance(turn.speaker, _heard(turn.text, errors, chance) or "...") for turn in visit.turns)
    lines = tuple(line for line in visit.lines if _still_said(line, visit.turns, turns))
    kept = [line.text.lower() for line in lines]
    facts = tuple(
        fact
        for fact in visit.facts
        if any(
            any(name in text for name in fact.names) and (not fact.values or any(value in text for value in fact.values))
            for text in kept
        )
    )
    return msgspec.structs.replace(visit, turns=turns, lines=lines, facts=facts, note=note_text(template_named("aci"), lines))


def _heard(text: str, errors: AsrErrors, chance: random.Random) -> str:
    tokens = list(_TOKEN.finditer(text))
    pieces: list[str] = []
    end = position = 0
    while position < len(tokens):
        size, heard = _mishearing(tokens[position : position + _LONGEST_PHRASE], errors, chance)
        first, last = tokens[position], tokens[position + size - 1]
        said = text[first.start() : last.end()]
        new = said if heard is None else _in_case(heard, said)
        gap = text[end : first.start()]
        pieces += [gap if new else gap.rstrip(), new]
        end = last.end()
        position += size
    return re.sub(r"\s+", " ", "".join(pieces) + text[end:]).strip()


def _mishearing(tokens: Sequence[re.Match[str]], errors: AsrErrors, chance: random.Random) -> tuple[int, str | None]:
    """How many tokens are heard together, and as what; None if they are heard as said. The longest phrase comes first."""
    words = [token[0].lower() for token in tokens]
    for size in range(len(words), 0, -1):
        phrase = " ".join(words[:size])
        if options := errors.substitutions.get(phrase):
            draw = chance.random()
            for heard, limit in zip(options, accumulate(options.values()), strict=True):
                if draw < limit:
                    return size, heard
    return 1, "" if chance.random() < errors.deletions.get(words[0], 0.0) else None


def _in_case(heard: str, said: str) -> str:
    return heard[0].upper() + heard[1:] if heard and said[0].isupper() else heard


def _still_said(line: Line, before: Sequence[Utterance], after: Sequence[Utterance]) -> bool:
    said = " ".join(before[turn].text for turn in line.turns)
    heard = " ".join(after[turn].text for turn in line.turns)
    if said == heard:
        return True
    text = line.text.lower()
    drugs = [name for name in drug_names() if re.search(rf"\b{re.escape(name)}\b", text)]
    # The drug may have been said by another of its names.
    lost = [name for name in drugs if name in said.lower() and name not in heard.lower()]
    negations = [_NEGATION.findall(words.lower()) for words in (said, heard)]
    content = _content(line.text) & _content(said)
    return (
        not lost
        and negations[0] == negations[1]
        and numbers(line.text) & numbers(said) <= numbers(heard)
        and len(content & _content(heard)) >= _LEAST_KEPT * len(content)
    )


def _content(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= _LONG_WORD}
