from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from appliance.errors import InputError
from training.datasets.aci import as_transcribed, note_sentences, read_aci
from training.datasets.align import align, by_exchange
from training.datasets.examples import StrategyName, examples
from training.datasets.leakage import leaks, nearest
from training.datasets.mts import read_mts
from training.datasets.sources import fingerprint, read_source
from training.visits import Line, Utterance, Visit, read_visits, write_jsonl

DIALOGUE = (
    "[doctor] hi , how are you ?\n[patient] not great . i have had a sore throat for five days .\n"
    "[doctor] any fever ?\n[patient] no , no fever .\n[doctor] okay . your blood pressure is 142 over 86 today . "
    "i will start you on amoxicillin 500 milligrams three times a day for the throat ."
)
NOTE = """CHIEF COMPLAINT

Sore throat.

HISTORY OF PRESENT ILLNESS

The patient has had a sore throat for 5 days. He denies fever.

PHYSICAL EXAMINATION

Blood pressure is 142/86.

ASSESSMENT AND PLAN

Pharyngitis.
Start amoxicillin 500 mg three times a day. Return in 14 days."""


def write_aci(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text(json.dumps({"data": rows}), "utf-8")
    return path


def write_mts(path: Path, rows: list[list[str]], header: str = "ID,section_header,section_text,dialogue") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    (found,) = read_aci(write_aci(tmp_path / "train.json", [{"src": DIALOGUE, "tgt": NOTE, "file": "1-aci"}]))
    return found


def test_an_aci_visit_is_read_as_a_recognizer_would_write_it(visit: Visit) -> None:
    assert [utterance.speaker for utterance in visit.turns[:2]] == ["clinician", "patient"]
    assert visit.turns[1].text == "Not great. I have had a sore throat for five days."
    assert as_transcribed("i do n't know , you 're gon na be fine .") == "I don't know, you're gonna be fine."


def test_note_sentences_know_their_topic() -> None:
    topics = {text: topic for topic, text in note_sentences(NOTE)}
    assert topics["He denies fever."] == "History"
    assert topics["Pharyngitis."] == "Assessment"
    assert topics["Start amoxicillin 500 mg three times a day."] == "Plan"


def test_sentences_go_where_they_were_said_and_unsaid_numbers_go_nowhere(visit: Visit) -> None:
    turns = {line.text: line.turns for line in visit.lines}
    assert 1 in turns["The patient has had a sore throat for 5 days."]
    assert 4 in turns["Blood pressure is 142/86."]
    assert "Return in 14 days." not in turns


def test_a_sentence_without_support_is_left_out() -> None:
    turns = [Utterance("patient", "My knee hurts when I climb the stairs at work."), Utterance("clinician", "Which knee?")]
    lines = align(turns, [("History", "The patient reports knee pain on stairs."), ("Plan", "Refer to a dermatologist.")])
    assert [line.topic for line in lines] == ["History"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not a split of ACI-Bench"),
        ('{"data": [{"src": "x"}]}', "missing required field"),
        ('{"data": [{"src": "[doctor] hi", "tgt": " ", "file": "7"}]}', "the case 7 has no dialogue or no note"),
    ],
)
def test_a_bad_aci_file_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=complaint):
        read_aci(path)


def test_mts_rows_are_read(tmp_path: Path) -> None:
    path = write_mts(tmp_path / "a.csv", [["1", "ALLERGY", "Penicillin.", "Doctor: Any allergies?\nPatient: Penicillin."]])
    (found,) = read_mts(path)
    assert found.lines == (Line("Allergies", "Penicillin.", (0, 1)),)


@pytest.mark.parametrize(
    ("header", "row", "complaint"),
    [
        ("ID,section_header,dialogue", ["1", "ALLERGY", "Doctor: Hi."], "lacks the column section_text"),
        ("ID,section_header,section_text,dialogue", ["1", "ALLERGY", "", "Doctor: Hi."], "row 1 has no dialogue or no text"),
    ],
)
def test_a_bad_mts_file_is_refused(header: str, row: list[str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=complaint):
        read_mts(write_mts(tmp_path / "a.csv", [row], header))


@pytest.mark.parametrize("strategy", ["topics", "sections", "one_shot"])
def test_every_strategy_makes_examples_with_the_prompts_of_the_note_service(strategy: StrategyName, visit: Visit) -> None:
    found = examples([visit], strategy, seed=1, unknown=0.0, nothing=1.0)
    assert found
    for example in found:
        assert example.prompt.startswith("<|im_start|>")
        assert example.prompt.endswith("<|im_start|>assistant\n")
        assert example.answer.endswith("<|im_end|>")
    assert any("142/86" in example.answer for example in found)


def test_a_line_is_written_once(visit: Visit) -> None:
    lines = [line for _, found in by_exchange(visit.turns, visit.lines) for line in found]
    assert sorted(line.text for line in lines) == sorted(line.text for line in visit.lines)


def test_speakers_are_hidden_as_often_as_asked(visit: Visit) -> None:
    shown = examples([visit] * 40, "topics", seed=1, unknown=0.5, nothing=1.0)
    labelled = sum("Doctor: " in example.prompt for example in shown)
    assert 0.3 < labelled / len(shown) < 0.7


def test_a_held_out_visit_in_the_training_data_is_found(visit: Visit) -> None:
    turn = Utterance("patient", "Something quite different was said here, about a dog and a bicycle.")
    other = Visit("other", "aci", (turn,), "A dog.")
    assert leaks([other], [visit]) == []
    (leak,) = leaks([other, visit], [visit])
    assert (leak.train, leak.shared) == (visit.id, 1.0)
    assert nearest([other], [visit])[0].shared == 0.0


def test_visits_survive_a_file_and_their_fingerprint_tells_them_apart(visit: Visit, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "visits.jsonl", [visit])
    again = read_visits(tmp_path / "visits.jsonl")
    assert again == [visit]
    assert fingerprint(again) == fingerprint([visit]) != fingerprint([visit, visit])


@pytest.mark.parametrize("source", ["aci", "other=file.json", "aci="])
def test_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(InputError, match="does not say where visits come from"):
        read_source(source)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no records"),
        (b"{}\n", "line 1, is not a Visit"),
        (b'{"id":"a","source":"aci","turns":[],"note":"x"}\n', "line 1, has no dialogue or no note"),
        (b"\xff\xfe\n", "line 1, is not a Visit"),
    ],
)
def test_a_bad_visit_file_is_refused(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "visits.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        read_visits(path)
