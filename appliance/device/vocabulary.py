"""Whisper's tokens as text, from the list of them that every model carries (GPT-2's byte-level coding)."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.errors import BundleError

_UNKNOWN: Final = "\ufffd"


@dataclass(frozen=True)
class TokenWord:
    """A word with its blank and the tokens that it was written with."""

    text: str
    tokens: tuple[int, ...]


class Vocabulary:
    """The tokens of a recognizer: text first, then control tokens, then timestamps.

    Args:
        listed: One token a line, in order.

    Raises:
        BundleError: This is not the list of a recognizer that hears one language.
    """

    def __init__(self, listed: str) -> None:
        self._listed: Final = listed.removesuffix("\n").split("\n")
        self.end: Final = self._number("<|endoftext|>")
        """Ends a text; all tokens before it are text."""
        self.start: Final = self._number("<|startoftranscript|>")
        self.no_timestamps: Final = self._number("<|notimestamps|>")
        self.timestamps: Final = self.no_timestamps + 1
        """The first timestamp, 0.00 s."""
        self.size: Final = len(self._listed)
        self._bytes: Final = {character: byte for byte, character in enumerate(_characters())}

    def text(self, tokens: Iterable[int]) -> str:
        """The text of the text tokens among `tokens`; what is no UTF-8 becomes U+FFFD."""
        written = "".join(self._listed[token] for token in tokens if token < self.end)
        return bytes(map(self._bytes.__getitem__, written)).decode(errors="replace")

    def words(self, tokens: Sequence[int]) -> list[TokenWord]:
        """Text tokens as words; punctuation stands alone (faster-whisper, `split_tokens_on_spaces`)."""
        words: list[TokenWord] = []
        for piece in self._pieces(tokens):
            if not words or piece.text.startswith(" ") or piece.text.strip() in string.punctuation:
                words.append(piece)
            else:
                words[-1] = TokenWord(words[-1].text + piece.text, words[-1].tokens + piece.tokens)
        return words

    def _pieces(self, tokens: Sequence[int]) -> list[TokenWord]:
        """The shortest runs of tokens that are whole characters."""
        whole = self.text(tokens)
        pieces: list[TokenWord] = []
        run: list[int] = []
        at = 0
        for token in tokens:
            run.append(token)
            text = self.text(run)
            broken = text.find(_UNKNOWN)
            if broken < 0 or whole[at + broken : at + broken + 1] == _UNKNOWN:
                pieces.append(TokenWord(text, tuple(run)))
                at += len(text)
                run = []
        return pieces

    def _number(self, token: str) -> int:
        try:
            return self._listed.index(token)
        except ValueError as error:
            raise BundleError(f"The recognizer has no token {token}.", hint="Load the models from the box again.") from error


def _characters() -> list[str]:
    """The character that stands for each byte: itself where it can be seen, else one from U+0100 on."""
    seen = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) if byte in seen else chr(256 + hidden.index(byte)) for byte in range(256)]
