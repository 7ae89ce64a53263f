from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.note.engine import Tokens
from appliance.note.rules import After, NoRepeatedPhrase, OneOf, RepetitionPenalty, SaidSentences, TopicLines

SIZE = 30
END = 29
NEWLINE = 28
sentences = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=6)


def allowed(rule: object, written: Tokens) -> set[int]:
    logits = np.zeros(SIZE, np.float32)
    rule.apply(logits, written)  # type: ignore[attr-defined]
    return set(np.flatnonzero(np.isfinite(logits)).tolist())


def greedy(rules: list[object], favourite: np.ndarray, steps: int) -> Tokens:
    """What a model that always wants the same tokens would write."""
    written: Tokens = []
    for _ in range(steps):
        logits = favourite.copy()
        for rule in rules:
            rule.apply(logits, written)  # type: ignore[attr-defined]
        token = int(logits.argmax())
        if token == END:
            break
        written.append(token)
    return written


def test_penalty_lowers_only_what_was_written() -> None:
    logits = np.array([2.0, -2.0, 2.0, 2.0], np.float32)
    RepetitionPenalty(2.0, keep=frozenset({2})).apply(logits, [0, 1, 2])
    np.testing.assert_array_equal(logits, [1.0, -4.0, 2.0, 2.0])


def test_no_phrase_is_written_twice() -> None:
    assert allowed(NoRepeatedPhrase(3), [1, 2, 3, 9, 1, 2]) == set(range(SIZE)) - {3}
    assert allowed(NoRepeatedPhrase(3), [1]) == set(range(SIZE))


@given(st.integers(2, 4), st.integers(0, 1000))
def test_a_looping_model_cannot_loop(length: int, seed: int) -> None:
    favourite = np.random.default_rng(seed).normal(size=SIZE).astype(np.float32)
    written = greedy([NoRepeatedPhrase(length)], favourite, 60)
    phrases = [tuple(written[i : i + length]) for i in range(len(written) - length + 1)]
    assert len(phrases) == len(set(phrases))


def test_one_of_allows_the_choices_and_then_everything() -> None:
    rule = OneOf([[1, 2], [1, 3, 4], [5]])
    assert allowed(rule, []) == {1, 5}
    assert allowed(rule, [1]) == {2, 3}
    assert allowed(rule, [1, 3]) == {4}
    assert allowed(rule, [5]) == set(range(SIZE))
    assert rule.chosen([1, 3, 4, 7]) == 3
    assert rule.chosen([1]) == 0


def test_calibration_takes_off_what_the_model_always_prefers() -> None:
    prior = np.zeros(SIZE, np.float32)
    prior[1] = 5.0
    logits = np.zeros(SIZE, np.float32)
    logits[1], logits[5] = 5.5, 2.0  # 5 is far more likely than usual
    OneOf([[1], [5]], prior).apply(logits, [])
    assert logits.argmax() == 5


def test_said_sentences_are_whole_and_used_once() -> None:
    rule = SaidSentences([[1, 2], [1, 3], [4]], 2, {END})
    assert allowed(rule, []) == {1, 4}
    assert allowed(rule, [1]) == {2, 3}  # a sentence that has begun must be finished
    assert allowed(rule, [1, 2]) == {1, 4, END}
    assert allowed(rule, [1, 2, 1]) == {3}  # each once
    assert allowed(rule, [1, 2, 4]) == {END}  # no more than two
    assert rule.longest == 4


def test_a_tuned_model_is_held_back_from_writing_nothing() -> None:
    topic, nothing = [1, 2], [3]
    for reluctance, chosen in ((0.0, 3), (1.0, 1)):
        logits = np.full(SIZE, -5.0, np.float32)
        logits[[1, 3]] = 0.5, 1.0
        TopicLines([topic], nothing, NEWLINE, {END}, reluctance=reluctance).apply(logits, [])
        assert int(logits.argmax()) == chosen


def test_lines_come_in_order_and_none_is_empty() -> None:
    rule = TopicLines([[1], [2]], [3], NEWLINE, {END})
    assert allowed(rule, []) == {1, 2, 3}
    assert allowed(rule, [3]) == {END}
    assert allowed(rule, [1]) == set(range(SIZE)) - {END, NEWLINE}
    assert allowed(rule, [1, 5]) == set(range(SIZE))
    assert allowed(rule, [1, 5, NEWLINE]) == {2}
    assert allowed(rule, [2, 5]) == set(range(SIZE)) - {NEWLINE}


def test_of_a_sentence_and_its_start_the_longer_one_is_kept() -> None:
    rule = SaidSentences([[1], [1, 2]], 3, {END})
    assert allowed(rule, [1]) == {2}
    assert allowed(rule, [1, 2]) == {END}


@example([[1], [1, 0], [0]], 1, 1)
@given(sentences, st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_nothing_but_whole_sentences_can_be_written(said: list[Tokens], most: int, seed: int) -> None:
    rule = SaidSentences(said, most, {END})
    random = np.random.default_rng(seed)
    written: Tokens = []
    for _ in range(rule.longest + 1):
        logits = random.normal(size=SIZE).astype(np.float32)
        rule.apply(logits, written)
        assert np.isfinite(logits.max()), "a row can always go on"
        token = int(logits.argmax())
        if token == END:
            break
        written.append(token)
    else:
        raise AssertionError("the row is longer than its longest")
    # Every way to read the text up to each position as different whole sentences: [1, 0] may be one sentence or two.
    readings: dict[int, set[frozenset[tuple[int, ...]]]] = {0: {frozenset()}}
    for end in range(1, len(written) + 1):
        for sentence in map(tuple, said):
            start = end - len(sentence)
            if tuple(written[max(start, 0) : end]) == sentence:
                so_far = {reading | {sentence} for reading in readings.get(start, ()) if sentence not in reading}
                readings.setdefault(end, set()).update(so_far)
    assert any(0 < len(reading) <= most for reading in readings.get(len(written), ())), "the text is whole sentences"


def test_a_rule_may_wait_for_the_opening() -> None:
    opening = OneOf([[7]])
    rule = After(opening, SaidSentences([[1]], 1, {END}))
    assert allowed(rule, []) == set(range(SIZE))
    assert allowed(rule, [7]) == {1}
