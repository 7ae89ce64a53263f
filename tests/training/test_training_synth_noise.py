import random
from pathlib import Path

import msgspec
import pytest

from appliance.errors import InputError
from training.synth import generate
from training.synth.noise import AsrErrors, read_asr_errors, with_noise
from training.visits import Fact, Line, Utterance, Visit

VISIT = Visit(
    "synthetic-train-0000",
    "synthetic",
    (
        Utterance("clinician", "Are you still on the metformin, 500 milligrams twice a day?"),
        Utterance("patient", "Yes. And lisinopril 10 milligrams."),
        Utterance("clinician", "Any chest pain?"),
        Utterance("patient", "No, none."),
    ),
    "note",
    (
        Line("Medications", "The patient takes metformin 500 mg twice daily.", (0, 1)),
        Line("Medications", "The patient takes lisinopril 10 mg.", (1,)),
        Line("Symptoms", "The patient denies chest pain.", (2, 3)),
    ),
    (
        Fact("dose", ("metformin",), ("500 mg",), turns=(0,)),
        Fact("medication", ("lisinopril",), turns=(1,)),
        Fact("symptom", ("chest pain",), negated=True, turns=(2, 3)),
    ),
)


def heard(*, deletions: dict[str, float] | None = None, **substitutions: dict[str, float]) -> Visit:
    errors = AsrErrors({said.replace("_", " "): other for said, other in substitutions.items()}, deletions or {}, 0.1, "a test")
    return with_noise(VISIT, errors, random.Random(0))


def test_without_errors_nothing_changes() -> None:
    same = heard()
    assert (same.turns, same.lines, same.facts) == (VISIT.turns, VISIT.lines, VISIT.facts)
    assert "lisinopril" in same.note


def test_a_misheard_number_takes_its_line_and_fact_along() -> None:
    visit = heard(**{"500": {"five": 1.0}})
    assert visit.turns[0].text == "Are you still on the metformin, five milligrams twice a day?"
    assert visit.lines == VISIT.lines[1:]
    assert [fact.names[0] for fact in visit.facts] == ["lisinopril", "chest pain"]
    assert "metformin" not in visit.note


def test_a_misheard_drug_takes_its_line_along() -> None:
    visit = heard(lisinopril={"listen a pill": 1.0})
    assert visit.turns[1].text == "Yes. And listen a pill 10 milligrams."
    assert visit.lines == (VISIT.lines[0], VISIT.lines[2])


def test_a_lost_negation_takes_its_line_along() -> None:
    visit = heard(deletions={"no": 1.0, "none": 1.0})
    assert visit.lines == VISIT.lines[:2]
    assert visit.turns[3].speaker == "patient"
    assert visit.turns[3].text


def test_the_longest_phrase_is_misheard_as_one() -> None:
    assert heard(chest_pain={"just paint": 1.0}, chest={"guest": 1.0}).turns[2].text == "Any just paint?"


def test_a_harmless_error_keeps_the_line() -> None:
    visit = heard(still={"steel": 1.0})
    assert "steel" in visit.turns[0].text
    assert visit.lines == VISIT.lines


def test_the_measured_errors_leave_most_of_a_visit() -> None:
    errors = read_asr_errors()
    assert 0 < errors.rate < 1
    chance = random.Random(1)
    clean = list(generate(3, seed=3, split="train"))
    noisy = [with_noise(visit, errors, chance) for visit in clean]
    assert [visit.turns for visit in noisy] != [visit.turns for visit in clean]
    kept = sum(len(visit.lines) for visit in noisy) / sum(len(visit.lines) for visit in clean)
    assert 0.5 < kept < 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "malformed"),
        (msgspec.json.encode({"substitutions": {}}), "malformed"),
        (msgspec.json.encode(AsrErrors({"a": {"b": 0.8, "c": 0.7}}, {}, 0.1, "x")), "probability"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "errors.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_asr_errors(path)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_asr_errors(tmp_path / "none.json")
