from __future__ import annotations

import pytest

from training.evaluation.overlap import METRICS, rouge


def test_a_note_equals_itself_and_nothing_equals_an_empty_note() -> None:
    note = "Metformin 500 mg.\nFollow up in 3 months."
    assert rouge(note, note) == dict.fromkeys(METRICS, pytest.approx(1.0))
    assert rouge(note, "") == dict.fromkeys(METRICS, 0.0)


def test_words_are_not_stemmed_as_in_the_official_evaluation() -> None:
    assert rouge("cough", "coughs")["rouge1"] == 0.0


def test_lsum_is_over_lines_and_so_forgives_their_order() -> None:
    first, second = "denies chest pain today", "takes metformin every morning"
    scores = rouge(f"{first}\n{second}", f"{second}\n{first}")
    assert scores["rougeLsum"] == pytest.approx(1.0)
    assert scores["rougeL"] == pytest.approx(0.5)
