"""The texts given to the model: data files in `prompts/`, put into the chat format of the model.

Training uses these functions too, so what the model was tuned on is what it is asked.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from appliance.note.templates import SectionPlan
from appliance.transcript import Speaker, Turn

_DIRECTORY: Final = Path(__file__).parent / "prompts"
_SPEAKERS: Final[dict[Speaker, str]] = {"clinician": "Doctor: ", "patient": "Patient: ", "unknown": ""}

START: Final = "<|im_start|>"
"""Control token before a message (ChatML)."""
END: Final = "<|im_end|>"
"""Control token after a message (ChatML)."""


class UntunedTopicPrompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model that was not tuned is told."""

    system: str
    request: str
    empty_exchanges: tuple[str, ...]


class TopicPrompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts of the topics strategy."""

    topics: tuple[str, ...]
    nothing: str
    """What a tuned model answers to an exchange that gives nothing for the note."""
    untuned: UntunedTopicPrompts

    def prefix(self, *, tuned: bool) -> str:
        """What every prompt starts with."""
        system = "" if tuned else f"{START}system\n{self.untuned.system}{END}\n"
        return f"{system}{START}user\n"

    def suffix(self, *, tuned: bool) -> str:
        """What follows the exchange, up to the answer."""
        request = "" if tuned else self.untuned.request.format(topics=", ".join(self.topics))
        return request + _ANSWER

    def answer(self, lines: Iterable[tuple[str, str]]) -> str:
        """What a tuned model should answer.

        Args:
            lines: Topic and text of every sentence written from the exchange.
        """
        found: dict[str, list[str]] = {topic: [] for topic in self.topics}
        for topic, text in lines:
            found[topic].append(text)
        return "\n".join(f"{topic}: {' '.join(texts)}" for topic, texts in found.items() if texts) or self.nothing

    def read(self, answer: str) -> list[tuple[str, str]]:
        """Topic and text of every line of an answer, as `answer` writes it."""
        pairs = (line.partition(":") for line in answer.splitlines())
        return [(topic, text.strip()) for topic, _, text in pairs if topic in self.topics]


class SectionPrompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts of the sections strategy."""

    system: str
    request: str

    @property
    def prefix(self) -> str:
        """What the visit's prompt starts with; the turns follow."""
        return f"{START}system\n{self.system}{END}\n{START}user\n"

    def suffix(self, section: SectionPlan) -> str:
        """What follows the turns to ask for one section, up to the answer."""
        return self.request.format(title=section.title, instruction=section.instruction) + _ANSWER


_ANSWER: Final = f"{END}\n{START}assistant\n"


@functools.cache
def topic_prompts() -> TopicPrompts:
    """The texts of the topics strategy."""
    return msgspec.toml.decode((_DIRECTORY / "topics.toml").read_bytes(), type=TopicPrompts)


@functools.cache
def section_prompts() -> SectionPrompts:
    """The texts of the sections strategy."""
    return msgspec.toml.decode((_DIRECTORY / "sections.toml").read_bytes(), type=SectionPrompts)


def spoken(turns: Sequence[Turn]) -> str:
    """Turns as the model reads them: one per line, with the speaker where known."""
    return "\n".join(_SPEAKERS[turn.speaker] + turn.text.strip() for turn in turns)


def plain(text: str) -> str:
    """Text that somebody said, with nothing in it that the tokenizer takes for a control token."""
    return text.replace("<|", "< |")


def prompt_version() -> str:
    """First 12 hex digits of the SHA-256 of all prompt texts."""
    texts = b"".join(path.read_bytes() for path in sorted(_DIRECTORY.glob("*.toml")))
    return hashlib.sha256(texts).hexdigest()[:12]
