from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from appliance.errors import InputError
from training.asr_sentences import DRUGS, LABS, ROUNDS, sentences
from training.asr_voices import Voices
from training.measure_asr import (
    FUNCTION_WORDS,
    LONGEST_HEARD,
    LONGEST_SAID,
    SEED,
    Slip,
    Spoken,
    aggregate,
    class_rates,
    slips,
    words_of,
)
from training.synth.noise import ERRORS_FILE, AsrErrors, read_asr_errors

MISHEARD = [
    Spoken("She takes lisinopril 10 mg.", "She takes listen opera 10 milligrams."),
    Spoken("Lisinopril again", "Lisinopril again."),
    Spoken("the lisinopril", "a listen opera"),
    Spoken("is that metformin 500 milligrams", "is that met 4,500 milligrams"),
    Spoken("No fever at all, and no chills", "No fever at all, no chills"),
    Spoken("you have no tremor", "you have tremor"),
    Spoken("there is no tremor", "there is tremor"),
    Spoken("no cough", "a no cough"),
]


def test_aggregation_gives_exactly_the_expected_table() -> None:
    errors = aggregate(MISHEARD, "by hand")
    assert errors == AsrErrors(
        substitutions={
            # Twice in three times, and heard right once more than that: 2 / (3 + 1).
            "lisinopril": {"listen opera": 0.5},
            # The neighbouring slips of the name and the dose are one phrase.
            "metformin 500": {"met 4500": 0.5},
        },
        # "no" was said five times; "and", left out once, is taken for a misalignment.
        deletions={"no": 0.3333},
        # Errors of each sentence, in order.
        rate=round((2 + 0 + 3 + 2 + 1 + 1 + 1 + 1) / 31, 4),
        source="by hand",
    )


def test_rates_by_class_count_every_word_once() -> None:
    rates = class_rates(MISHEARD)
    assert {name: (rate.words, rate.wrong, rate.added) for name, rate in rates.items()} == {
        "drug": (4, 3, 2),
        "lab": (0, 0, 0),
        "number": (4, 1, 0),
        "other": (23, 4, 1),
    }
    assert rates["drug"].rate == 5 / 4
    assert sum(rate.wrong + rate.added for rate in rates.values()) / 31 == pytest.approx(aggregate(MISHEARD, "").rate, abs=1e-4)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("TSH was 2.4, eGFR 68", "T-S-H was 2.4, E G F R 68."),
        ("Your A1c is 7.8 percent.", "your A one C is 7.8%"),
        ("132 over 84", "132/84"),
        ("minus 2.7 at the hip", "-2.7 at the hip"),
        ("0.5 milligrams", ".5mg"),
        ("2000 units, 88 micrograms", "2,000 units, 88 mcg"),
        ("follow up", "follow-up"),
        ("oh, that hurts", "Oh that hurts."),
        ("a heartbeat", "a heart beat"),
    ],
)
def test_another_way_to_write_is_no_error(said: str, heard: str) -> None:
    assert list(slips(words_of(said), words_of(heard))) == []


def test_slips_at_both_ends_and_with_nothing_heard() -> None:
    assert list(slips(["stop", "it", "now"], ["top", "it"])) == [Slip(("stop",), ("top",)), Slip(("now",), ())]
    assert list(slips(["stop"], [])) == [Slip(("stop",), ())]
    assert list(slips([], ["thanks"])) == [Slip((), ("thanks",))]
    assert list(slips([], [])) == []


def test_what_is_likely_misaligned_or_a_loop_is_left_out() -> None:
    pairs = [
        Spoken("take acarbose with meals and rest", "some thing else here now entirely different words today rest"),
        Spoken("stop atenolol now", "stop a 10-0-0-0-0-0 now"),
        Spoken("call the nurse", "call nurse"),
    ]
    errors = aggregate(pairs, "")
    assert (errors.substitutions, errors.deletions) == ({}, {})
    assert errors.rate > 1


def test_function_words_beside_a_confusion_are_no_part_of_it() -> None:
    errors = aggregate([Spoken("in the Cozaar and stop", "on a Qazar in stop")], "")
    assert errors.substitutions == {"cozaar": {"qazar": 0.5}}


def test_nothing_said_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing was said"):
        aggregate([Spoken("", "thank you")], "")


def test_each_drug_and_test_is_said_in_every_round() -> None:
    made = sentences(SEED)
    assert made == sentences(SEED)
    assert made != sentences(SEED + 1)
    assert 250 <= len(made) <= 400
    for number in range(ROUNDS):
        text = " ".join(sentence.text for sentence in made if sentence.round == number)
        counts = Counter({entry[0]: text.count(entry[0]) for entry in [*DRUGS, *LABS]})
        assert not [name for name, count in counts.items() if not count]


def test_missing_voices_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no synthesize\.py"):
        Voices(tmp_path, tmp_path, tmp_path / "work")


def test_the_committed_file_holds_plausible_errors() -> None:
    errors = read_asr_errors()
    assert 0.02 < errors.rate < 0.4
    assert "tiny" in errors.source
    assert len(errors.substitutions) > 100
    for said, heard in errors.substitutions.items():
        assert said == said.lower()
        assert 1 <= len(said.split()) <= LONGEST_SAID
        assert said not in heard
        assert all(text == text.lower() and 1 <= len(text.split()) <= LONGEST_HEARD for text in heard)
        assert all(probability > 0 for probability in heard.values())
        assert sum(heard.values()) <= 1
    assert all(0 < probability < 1 for probability in errors.deletions.values())
    drugs = {entry[0].lower() for entry in DRUGS}
    assert len(drugs & errors.substitutions.keys()) > len(drugs) / 4
    assert not [word for word in errors.deletions if word in FUNCTION_WORDS and errors.deletions[word] > 0.2]


def test_the_committed_file_is_small_and_sorted() -> None:
    body = ERRORS_FILE.read_bytes()
    assert len(body) < 60_000
    errors = read_asr_errors()
    assert list(errors.substitutions) == sorted(errors.substitutions)
    assert list(errors.deletions) == sorted(errors.deletions)
    assert body == msgspec.json.format(msgspec.json.encode(errors), indent=1) + b"\n"
