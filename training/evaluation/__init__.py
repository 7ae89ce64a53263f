"""Judges written notes: overlap with references, clinical exactness, baselines, and the score card."""
