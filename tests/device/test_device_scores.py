from __future__ import annotations

import math
import subprocess
import sys
from array import array

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.device.scores import ArrayScores, read_scores
from appliance.note.engine import float32
from appliance.note.rules import NoRepeatedPhrase, OneOf, RepetitionPenalty, TopicLines

finite = st.floats(-100, 100, width=32)
logits = st.lists(finite, min_size=8, max_size=40)


def both(values: list[float]) -> tuple[ArrayScores, np.ndarray]:
    return ArrayScores(array("f", values)), np.array(values, np.float32)


def content(scores: ArrayScores, size: int) -> list[float]:
    return [scores[token] for token in range(size)]


@given(logits, st.data())
def test_they_do_what_numpy_arrays_do(values: list[float], data: st.DataObject) -> None:
    ours, theirs = both(values)
    more = data.draw(st.lists(finite, min_size=len(values), max_size=len(values)))
    tokens = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=4))
    our_more, their_more = both(more)
    ours += our_more
    theirs += their_more
    ours -= ours.copy()
    theirs -= theirs.copy()
    ours += our_more
    theirs += their_more
    ours /= 3
    theirs /= 3
    ours[tokens] = -math.inf
    theirs[tokens] = -math.inf
    ours[0] -= float32(0.1)
    theirs[0] -= float32(0.1)
    assert content(ours, len(values)) == theirs.tolist()
    assert ours.argmax() == theirs.argmax()


@given(logits)
def test_rules_choose_the_same_token(values: list[float]) -> None:
    for rule, written in (
        (OneOf([[1, 2], [3]]), [1]),
        (NoRepeatedPhrase(2), [4, 5, 4]),
        (RepetitionPenalty(1.1), [4, 5, 4]),
        (TopicLines([[1, 2], [3]], [4], 6, [7], reluctance=0.3), []),
    ):
        ours, theirs = both(values)
        rule.apply(ours, written)
        rule.apply(theirs, written)
        assert content(ours, len(values)) == theirs.tolist()
        assert ours.argmax() == theirs.argmax()


def test_a_copy_is_changed_alone() -> None:
    scores, _ = both([1.0, 2.0])
    copy = scores.copy()
    copy[:] = -math.inf
    assert content(scores, 2) == [1.0, 2.0]


def test_bytes_are_read_row_by_row() -> None:
    data = memoryview(np.array([[1, 2], [3, 4]], np.float32).tobytes())
    assert [content(row, 2) for row in read_scores(data).rows(2)] == [[1, 2], [3, 4]]


def test_the_page_needs_nothing_that_it_does_not_have() -> None:
    missing = ("numpy", "onnxruntime", "tokenizers", "faster_whisper", "flask", "httpx")
    imports = "import appliance.device.notes, appliance.device.questions, appliance.device.speech"
    code = f"import sys; sys.modules |= dict.fromkeys({missing}); {imports}"
    subprocess.run([sys.executable, "-c", code], check=True)
