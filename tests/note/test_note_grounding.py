from __future__ import annotations

import numpy as np
import pytest

from appliance.note.grounding import Grounding
from appliance.note.model import LanguageModel
from appliance.note.prompts import END
from appliance.note.said import said_in
from appliance.note.writer import split_sentences
from training.numbers import unsaid_numbers

EXCHANGE = """Doctor: We start metformin five hundred milligrams two times a day for your sugar. See me in 6 weeks.
Patient: My left knee hurts."""
WANTED = [
    "Start lisinopril 40 mg once daily.",
    "Start metformin 850 mg three times daily.",
    "Start metformin 500 mcg for 9 days.",
    "Right knee pain since Tuesday, 12 weeks.",
    "Semaglutide and Lipitor were stopped in 2019.",
    "Follow up in 6 months with a hemoglobin A1c of 7.2%.",
]


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_model_wants_only_what_was_said_is_written(language_model: LanguageModel, wanted: str, seed: int) -> None:
    """A model that wants a text with all its might, and else anything at all."""
    chance = np.random.default_rng(seed)
    end = language_model.token(END)
    rule = Grounding(said_in(EXCHANGE), language_model.decode, {end}, end)
    target = [*language_model.encode(wanted), end]
    likely = language_model.encode(EXCHANGE + " The patient was told to rest and drink, and came with pain and swelling today.")
    written: list[int] = []
    for step in range(40):
        logits = chance.normal(size=language_model.tokenizer.get_vocab_size()).astype(np.float32)
        logits[likely] += 4
        logits[target[min(step, len(target) - 1)]] += 12
        rule.apply(logits, written)
        token = int(logits.argmax())
        if token == end:
            break
        written.append(token)
    text = language_model.decode(written)
    finished = [sentence for sentence in split_sentences(text) if said_in(EXCHANGE).allows_finished(sentence)]
    lower = " ".join(finished).lower()
    assert not any(name in lower for name in ("lisinopril", "semaglutide", "lipitor", "right", "tuesday", "mcg", "months", "%"))
    assert [s for s in finished if unsaid_numbers(s, EXCHANGE)] == []


def test_what_was_said_is_not_touched(language_model: LanguageModel) -> None:
    end = language_model.token(END)
    rule = Grounding(said_in(EXCHANGE), language_model.decode, {end}, end)
    written: list[int] = []
    for token in [*language_model.encode("Start metformin 500 mg twice daily. Left knee pain. Return in 6 weeks."), end]:
        logits = np.zeros(language_model.tokenizer.get_vocab_size(), np.float32)
        logits[token] = 1
        rule.apply(logits, written)
        assert int(logits.argmax()) == token, language_model.decode([*written, token])
        written.append(token)
