"""Every score, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from training.evaluation.judge import DIMENSIONS


@dataclass(frozen=True)
class Metric:
    """How a score is shown."""

    title: str
    higher_is_better: bool = True
    percent: bool = True
    """Shown as a percentage; otherwise as a number."""


METRICS: Final[dict[str, Metric]] = {
    "rouge1": Metric("ROUGE-1"),
    "rouge2": Metric("ROUGE-2"),
    "rougeL": Metric("ROUGE-L"),
    "rougeLsum": Metric("ROUGE-Lsum"),
    "bertscore": Metric("BERTScore F1"),
    "bleurt": Metric("BLEURT"),
    "minilm_similarity": Metric("MiniLM similarity"),
    "major_hallucinations": Metric("Major hallucinations per note", higher_is_better=False, percent=False),
    "minor_hallucinations": Metric("Minor hallucinations per note", higher_is_better=False, percent=False),
    "major_omissions": Metric("Major omissions per note", higher_is_better=False, percent=False),
    "minor_omissions": Metric("Minor omissions per note", higher_is_better=False, percent=False),
    "notes_with_major_hallucination": Metric("Notes with a major hallucination", higher_is_better=False),
    "notes_with_major_omission": Metric("Notes with a major omission", higher_is_better=False),
    "safety_recall": Metric("Safety facts stated"),
    "recall_medication": Metric("Medications stated"),
    "recall_dose": Metric("Doses stated"),
    "recall_allergy": Metric("Allergies stated"),
    "recall_result": Metric("Results stated"),
    "recall_diagnosis": Metric("Diagnoses stated"),
    "recall_follow_up": Metric("Follow-up stated"),
    "recall_order": Metric("Orders stated"),
    "recall_vital": Metric("Vital signs stated"),
    "recall_symptom": Metric("Symptoms stated"),
    "recall_finding": Metric("Findings stated"),
    "recall_history": Metric("History stated"),
    "number_exactness": Metric("Numbers that were said"),
    "dose_exactness": Metric("Doses that were said"),
    "drug_exactness": Metric("Drugs that were said"),
    "laterality_exactness": Metric("Sides as said"),
    "negation_exactness": Metric("Symptoms as answered"),
    "unsupported_rate": Metric("Unsupported sentences", higher_is_better=False),
    "degenerate": Metric("Empty or looping notes", higher_is_better=False),
    "words": Metric("Words per note", percent=False),
    **{f"judge_{name}": Metric(f"Judge: {name.replace('_', ' ')} (1 to 5)", percent=False) for name in DIMENSIONS},
    "judge_major_hallucination": Metric("Judge: notes with a major hallucination", higher_is_better=False),
    "judge_major_omission": Metric("Judge: notes with a major omission", higher_is_better=False),
}
"""Every score, in the order in which they are shown."""
