"""ROUGE (Lin 2004) of whole notes, as the official evaluation of ACI-Bench computes it: F1, no stemming, mean over notes.

What ACI-Bench's paper calls ROUGE-L is `rougeLsum`, over the lines of the note.
"""

from __future__ import annotations

from typing import Final

from rouge_score.rouge_scorer import RougeScorer

METRICS: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")

_scorer = RougeScorer(list(METRICS), use_stemmer=False)


def rouge(reference: str, note: str) -> dict[str, float]:
    """F1 of each of `METRICS`, 0.0 to 1.0."""
    scores = _scorer.score(reference, note)
    return {metric: float(scores[metric].fmeasure) for metric in METRICS}
