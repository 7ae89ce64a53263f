"""Word error rate after Whisper's English normalizer (Radford et al. 2022, appendix C)."""

from __future__ import annotations

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

_normal = EnglishTextNormalizer()


def word_errors(reference: str, hypothesis: str) -> jiwer.WordOutput:
    """The alignment of two texts after normalization; `.wer` is the word error rate, 0.0 to above 1.0."""
    return jiwer.process_words(_normal(reference), _normal(hypothesis))
