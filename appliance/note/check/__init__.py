"""Checks a note against what was said: evidence for each sentence, and what was left out."""
