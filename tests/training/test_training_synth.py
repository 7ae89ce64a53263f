import functools
import hashlib
import os
import random
import re
import subprocess
import sys

import msgspec
import pytest

from appliance.note.prompts import topic_prompts
from appliance.note.templates import all_templates
from training.datasets.align import by_exchange
from training.evaluation.annotations import find
from training.evaluation.spoken import Spoken
from training.numbers import numbers, unsaid_numbers
from training.synth import Tally, generate
from training.synth.check import contradictions, unsupported
from training.synth.data_card import describe, markdown
from training.synth.duplicates import NearDuplicates
from training.synth.speech import Speech, Split, in_words, is_held_out, tidy
from training.visits import Fact, Line, Utterance, Visit, note_text

COUNT = 24


@functools.cache
def visits(split: Split = "train", count: int = COUNT) -> tuple[Visit, ...]:
    return tuple(generate(count, seed=7, split=split))


def test_the_same_seed_gives_the_same_visits_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib, msgspec\nfrom training.synth import generate\n"
        "print(hashlib.sha256(msgspec.json.encode(list(generate(2, seed=7, split='train')))).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    there = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(msgspec.json.encode(list(visits()[:2]))).hexdigest()
    assert next(iter(generate(1, seed=8, split="train"))) != visits()[0]


def test_visits_are_well_formed_and_of_the_length_of_a_visit() -> None:
    topics = set(topic_prompts().topics)
    words = []
    for number, visit in enumerate(visits()):
        assert visit.id == f"synthetic-train-{number:04d}"
        assert all(first.speaker != second.speaker for first, second in zip(visit.turns, visit.turns[1:], strict=False))
        assert {line.topic for line in visit.lines} <= topics
        assert {"Chief complaint", "Symptoms", "Examination", "Results", "Assessment", "Plan", "Allergies"} <= {
            line.topic for line in visit.lines
        }
        assert all(line.turns and max(line.turns) < len(visit.turns) for line in visit.lines)
        texts = [turn.text for turn in visit.turns] + [line.text for line in visit.lines]
        assert not [text for text in texts if re.search(r"[{}<>|#]|\s\s|\s[,.?]|,\.|\.\.", text)]
        words.append(sum(len(turn.text.split()) for turn in visit.turns))
    assert 500 <= min(words) <= max(words) <= 1100
    assert 650 < sum(words) / len(words) < 850


def test_every_number_of_a_line_was_said_in_its_turns() -> None:
    for visit in visits():
        for line in visit.lines:
            said = " ".join(visit.turns[turn].text for turn in line.turns)
            assert not unsaid_numbers(line.text, said), (visit.id, line)


def test_the_reference_note_states_every_fact_and_invents_nothing_major() -> None:
    for visit in visits()[:6]:
        findings = find(visit, visit.note, Spoken(visit.turns))
        assert findings.omission_grade == "none", (visit.id, findings.omissions)
        assert findings.hallucination_grade != "major", (visit.id, findings.hallucinations)


def test_lines_are_learned_from_the_exchange_that_holds_their_turns() -> None:
    lines = complete = 0
    for visit in visits()[:12]:
        pairs = by_exchange(visit.turns, visit.lines)
        assert sum(len(found) for _, found in pairs) == len(visit.lines)
        for exchange, found in pairs:
            for line in found:
                lines += 1
                complete += set(line.turns) <= set(exchange.turns) and not unsaid_numbers(line.text, exchange.text)
    assert complete / lines > 0.97


@pytest.mark.parametrize("name", sorted(all_templates()))
def test_every_template_has_every_line(name: str) -> None:
    for visit in visits()[:10]:
        note = note_text(all_templates()[name], visit.lines)
        assert [line.text for line in visit.lines if line.text not in note] == []


def test_small_talk_stays_out_of_the_note() -> None:
    talked = [visit for visit in visits() if re.search(r"parking|weather|the game|computer is", str(visit.turns))]
    assert len(talked) > 3
    assert not [visit.id for visit in talked if re.search(r"parking|weather|game|computer", visit.note)]


def test_train_and_test_share_no_case_and_no_patient() -> None:
    def case(visit: Visit) -> tuple[str, ...]:
        kinds = {"diagnosis", "medication", "dose", "result"}
        return tuple(sorted(f"{fact.names[0]} {fact.values[:1]}" for fact in visit.facts if fact.kind in kinds))

    def patients(found: tuple[Visit, ...]) -> set[str]:
        return {name for visit in found for name in re.findall(r"M(?:r|s|rs)\. (\w+)", visit.turns[0].text)}

    train, test = visits(), visits("test", 12)
    assert len({case(visit) for visit in train}) == len(train)
    assert not {case(visit) for visit in train} & {case(visit) for visit in test}
    assert patients(train)
    assert patients(test)
    assert not patients(train) & patients(test)


def test_held_out_phrasings_are_said_in_test_only() -> None:
    options = [f"phrasing number {number}" for number in range(40)]
    held = {option for option in options if is_held_out(option)}
    assert 0 < len(held) < 20
    splits: tuple[Split, ...] = ("train", "test")
    said = {split: {Speech(random.Random(seed), split).pick(options) for seed in range(400)} for split in splits}
    assert not said["train"] & held
    assert said["test"] >= held


def test_a_visit_like_an_earlier_one_is_dropped() -> None:
    first, second = visits()[:2]
    changed = msgspec.structs.replace(first, turns=(Utterance("clinician", "Something else."), *first.turns[1:]))
    known = NearDuplicates([first])
    assert not known.add(changed)
    assert known.add(second)
    tally = Tally()
    (other,) = generate(1, seed=7, split="train", avoid=[first], tally=tally)
    assert tally == Tally(made=1, duplicates=1)
    assert other.turns != first.turns
    assert len(list(generate(1, seed=7, split="test", tally=tally))) == 1
    assert tally.made == 2


def test_what_was_not_said_is_found() -> None:
    turns = [Utterance("clinician", "Your A1c is seven point eight percent."), Utterance("patient", "Okay, 1.2 was better.")]
    right, wrong = Line("Results", "Hemoglobin A1c is 7.8%.", (0,)), Line("Results", "Hemoglobin A1c is 8.7%.", (0,))
    assert unsupported(turns, [right, Line("Results", "It was 1.2.", (1,))]) == []
    assert unsupported(turns, [wrong, Line("Results", "It was 1.3.", (1,))]) == [wrong, Line("Results", "It was 1.3.", (1,))]
    stated = Fact("result", ("a1c",), ("7.8%",), turns=(0,))
    assert contradictions(turns, [right], [(stated, ())]) == []
    assert contradictions(turns, [right], [(Fact("result", ("ldl",), turns=(0,)), ())]) == [
        "not said: result ldl",
        "not written: result ldl",
    ]
    assert contradictions(turns, [right], [(Fact("result", ("a1c",), ("9%",), turns=(0,)), ())]) == [
        "value not written: result a1c 9%"
    ]


@pytest.mark.parametrize("value", ["0.5", "1.2", "7.8", "12.5", "75", "100", "112", "500", "1000", "50000"])
def test_numbers_in_words_read_back(value: str) -> None:
    assert numbers(in_words(value)) == numbers(value) != frozenset()


def test_sentences_are_tidied() -> None:
    assert tidy("so ,  your TSH is fine , .  and , the rest too..") == "So, your TSH is fine. And, the rest too."


def test_the_data_card_counts() -> None:
    train, test = visits()[:20], visits("test", 12)[:10]
    card = describe(train, test, Tally(made=30, rejected=2, duplicates=1))
    assert (card.train.visits, card.test.visits) == (20, 10)
    assert sum(card.train.diagnoses.values()) == 20
    assert card.train.facts["diagnosis"] >= 20
    assert 0 < card.overlap[8] < card.overlap[4] < 1
    assert card.same_dialogues == 0
    assert describe(train, train).overlap[8] == 1
    text = markdown(card)
    assert "| Visits | 20 | 10 |" in text
    assert "1 repeated cases or near-duplicates, 2 visits" in text
