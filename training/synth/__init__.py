"""Seeded synthetic endocrinology visits: a structured case, rendered as dialogue, reference note and exact annotations."""

from training.synth.generate import Tally, generate

__all__ = ["Tally", "generate"]
