from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.lexicon.lexicon import mentions
from appliance.lexicon.sound_alike import Proposal, propose
from appliance.transcript import Word

SAMPLES = Path(__file__).parents[2] / "samples"
HEARD: dict[str, list[list[tuple[str, float]]]] = json.loads((Path(__file__).parent / "heard.json").read_text("utf-8"))
"""What tiny.en wrote, word by word with its probability: the four sample visits and the drug-dense recording."""
VISITS = sorted(HEARD.keys() - {"drug-dense"})


def said(text: str, doubtful: str = "") -> list[Word]:
    unsure = doubtful.split()
    return [Word(word, 0.0, 0.0, 0.3 if word.strip(".,?") in unsure else 0.97) for word in text.split()]


def turns(name: str) -> list[list[Word]]:
    return [[Word(text, 0.0, 0.0, probability) for text, probability in turn] for turn in HEARD[name]]


def reference(name: str) -> str:
    folder = SAMPLES / ("drug-dense" if name == "drug-dense" else f"visits/{name}")
    return " ".join(turn["text"] for turn in json.loads((folder / "transcript.json").read_text("utf-8"))["turns"])


def drugs(text: str) -> Counter[str]:
    return Counter(mention.concept for mention in mentions(text) if mention.kind == "drug")


def applied(words: list[Word], proposals: list[Proposal]) -> str:
    texts = [word.text for word in words]
    for proposal in reversed(proposals):
        texts[proposal.first : proposal.last + 1] = [proposal.drug]
    return " ".join(texts)


@pytest.mark.parametrize(
    ("text", "doubtful", "drug"),
    [
        ("You take listen opera for your blood pressure.", "listen opera", "lisinopril"),
        ("I take met forming twice a day.", "met forming", "metformin"),
        ("You take them at form in twice a day.", "them at form in", "metformin"),
        ("You take met 4,500 milligrams twice a day.", "met 4,500", "metformin 500"),
        ("We start a land grenade weekly.", "a land grenade", "alendronate"),
        ("Stop the glipside five milligrams.", "", "glipizide"),
        ("The dose of levithyric sign stays.", "levithyric sign", "levothyroxine"),
        ("Your neighbor takes mount jero.", "mount jero", "Mounjaro"),
    ],
)
def test_a_misheard_drug_is_proposed(text: str, doubtful: str, drug: str) -> None:
    (proposal,) = propose(said(text, doubtful))
    assert proposal.drug == drug
    assert proposal.said in text
    assert 0.0 < proposal.score <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Take your metformin and the lisinopril daily.",
        "Last year I met 4,500 people at the fair.",
        "Listen, the opera was wonderful.",
        "We will check your cholesterol and the blood pressure before we start anything.",
        "Mrs. Hernandez takes the bus to Guadalajara.",
        "A land grenade, he said, and took another pill.",
    ],
)
def test_what_makes_sense_is_left_alone(text: str) -> None:
    assert propose(said(text)) == []


def test_doubtful_words_that_are_already_a_drug_are_left_alone() -> None:
    assert propose(said("Start (atorvastatin) and glipizide's generic.", "(atorvastatin) glipizide's")) == []


def test_a_name_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert propose(said("Take what you met. Forming habits helps.", "met Forming")) == []


def test_recall_at_least_doubles_on_the_drug_dense_recording() -> None:
    wanted = drugs(reference("drug-dense"))
    plain = drugs(" ".join(word.text for turn in turns("drug-dense") for word in turn))
    after = drugs(" ".join(applied(turn, propose(turn)) for turn in turns("drug-dense")))
    before_share, after_share = ((wanted & found).total() / wanted.total() for found in (plain, after))
    print(f"drug recall {before_share:.2f} -> {after_share:.2f} of {wanted.total()}, wrong {(after - wanted - plain).total()}")
    assert wanted.total() >= 20
    assert after_share >= 0.85
    assert after_share >= 2 * before_share


def test_less_than_one_wrong_proposal_per_visit() -> None:
    wrong = 0
    for name in VISITS:
        wanted = drugs(reference(name))
        proposed = Counter(proposal.concept for turn in turns(name) for proposal in propose(turn))
        wrong += (proposed - wanted).total()
    print(f"wrong proposals in {len(VISITS)} visits: {wrong}")
    assert wrong < len(VISITS)


@pytest.mark.parametrize("name", sorted(HEARD))
def test_no_other_word_is_touched(name: str) -> None:
    for words in turns(name):
        proposals = propose(words)
        covered = [place for proposal in proposals for place in range(proposal.first, proposal.last + 1)]
        assert len(covered) == len(set(covered))
        kept = [word.text for place, word in enumerate(words) if place not in covered]
        remaining = applied(words, proposals).split()
        for text in kept:
            assert text in remaining
        assert all(proposal.said in " ".join(word.text for word in words) for proposal in proposals)


@settings(deadline=None)  # the first call builds the tables
@given(st.lists(st.tuples(st.text(max_size=12), st.floats(0.0, 1.0)), max_size=8))
def test_any_words_are_read(words: list[tuple[str, float]]) -> None:
    heard = [Word(text, 0.0, 0.0, probability) for text, probability in words]
    for proposal in propose(heard):
        assert 0 <= proposal.first <= proposal.last < len(heard)
        assert proposal.last - proposal.first < 4
