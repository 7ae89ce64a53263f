from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.note.exchanges import LONGEST, ExchangeCutter
from appliance.note.statements import statements
from appliance.transcript import Turn

turns = st.lists(
    st.builds(
        Turn,
        text=st.lists(st.sampled_from(["pain", "better", "today?", "no.", "metformin"]), max_size=400).map(" ".join),
        speaker=st.sampled_from(["clinician", "patient", "unknown"]),
    ),
    max_size=12,
)


@given(turns)
def test_every_word_is_in_exactly_one_exchange_in_order(visit: list[Turn]) -> None:
    cutter = ExchangeCutter()
    exchanges = [exchange for turn in visit for exchange in cutter.add(turn)] + cutter.finish()
    spoken = " ".join(exchange.text for exchange in exchanges)
    assert [w for w in spoken.split() if w not in {"Doctor:", "Patient:"}] == " ".join(turn.text for turn in visit).split()
    assert all(len(exchange.text.split()) <= 2 * LONGEST for exchange in exchanges)
    positions = [position for exchange in exchanges for position in exchange.turns]
    assert positions == sorted(positions)
    assert set(positions) == {i for i, turn in enumerate(visit) if turn.text.strip()}


def test_a_question_starts_an_exchange_once_there_is_enough() -> None:
    cutter = ExchangeCutter()
    assert cutter.add(Turn("word " * 35, speaker="patient")) == []
    (first,) = cutter.add(Turn("Any chest pain?", speaker="clinician"))
    assert first.turns == (0,)
    assert cutter.finish()[0].turns == (1,)


def test_a_patients_question_does_not_cut() -> None:
    cutter = ExchangeCutter()
    cutter.add(Turn("word " * 35, speaker="clinician"))
    assert cutter.add(Turn("Is that bad?", speaker="patient")) == []


def test_statements_are_neither_questions_nor_empty_talk() -> None:
    exchange = "Doctor: Okay, good. Any chest pain?\nPatient: No, uh, no chest pain. My A1c was 7.8 in May, 142 over 86.\n"
    assert statements(exchange) == ["No, uh, no chest pain.", "My A1c was 7.8 in May, 142 over 86."]


@given(st.text(max_size=300))
def test_statements_are_parts_of_what_was_said(text: str) -> None:
    spoken = " ".join(text.split())
    for statement in statements(text):
        assert statement in spoken or any(statement in " ".join(line.split()) for line in text.splitlines())
