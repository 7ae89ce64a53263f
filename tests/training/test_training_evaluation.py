"""The whole evaluation: systems in, figures, score card and page out."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from evaluation_visits import BONES, DIABETES, THYROID, VISITS
from rich.console import Console

from appliance.errors import InputError
from training.evaluation.baselines import BASELINES
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.metrics import METRICS
from training.evaluation.neural import NotRun
from training.evaluation.plots import bars
from training.evaluation.report import write_report
from training.evaluation.score_card import (
    ACI,
    BASE,
    SYNTHETIC,
    TUNED,
    last_line,
    read_score_card,
    score_card,
    table,
    write_score_card,
)
from training.visits import Utterance, Visit, WrittenNote

GOOD = [WrittenNote(visit.id, visit.note) for visit in VISITS]
BAD = [
    WrittenNote(visit.id, "The patient takes warfarin 5 mg b.i.d. with meals. <script>alert(1)</script> She feels well today.")
    for visit in VISITS
]
SYSTEMS = {BASE: BAD, TUNED: GOOD}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(VISITS, SYSTEMS)


def test_every_case_is_scored_and_the_better_system_is_better(evaluation: Evaluation) -> None:
    bad, good = evaluation.system(BASE), evaluation.system(TUNED)
    assert [case.visit for case in good.cases] == [visit.id for visit in VISITS]
    assert good.means["rouge1"].mean == pytest.approx(1.0)
    assert good.means["major_hallucinations"].mean == 0.0
    assert good.means["major_omissions"].mean == 0.0
    assert good.means["safety_recall"].mean == 1.0
    assert bad.means["major_hallucinations"].mean == 2.0  # the drug and its dose
    assert bad.means["notes_with_major_omission"].mean == 1.0
    assert bad.against_base == {}
    assert good.against_base["rouge1"].difference == pytest.approx(1.0 - bad.means["rouge1"].mean)
    assert set(good.means) <= set(METRICS)


def test_an_evaluation_is_the_same_again_and_survives_json(evaluation: Evaluation) -> None:
    again = evaluate(VISITS, SYSTEMS)
    encoded = msgspec.json.encode(evaluation)
    assert encoded == msgspec.json.encode(again)
    assert msgspec.json.decode(encoded, type=Evaluation) == evaluation


def test_progress_counts_every_note() -> None:
    seen: list[tuple[int, int]] = []
    evaluate(VISITS, SYSTEMS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_notes_are_matched_by_visit_and_not_by_order(evaluation: Evaluation) -> None:
    shuffled = evaluate(VISITS, {BASE: BAD[::-1], TUNED: [*GOOD[::-1], WrittenNote("another", "x")]})
    assert shuffled == evaluation


def test_metrics_that_were_not_run_say_why_and_have_no_score() -> None:
    class Length:
        name = "minilm_similarity"

        def scores(self, references: Sequence[str], notes: Sequence[str]) -> list[float]:
            return [float(len(reference) == len(note)) for reference, note in zip(references, notes, strict=True)]

    found = evaluate(VISITS, {"a": GOOD}, neural=[Length(), NotRun("bleurt", "No BLEURT checkpoint was given.")])
    assert found.not_run == {"bleurt": "No BLEURT checkpoint was given.", "judge": "No judge was given."}
    assert found.systems[0].means["minilm_similarity"].mean == 1.0
    assert "bleurt" not in found.systems[0].means


def test_visits_without_facts_are_scored_without_them() -> None:
    found = evaluate([msgspec.structs.replace(DIABETES, facts=())], {"a": GOOD})
    assert found.systems[0].cases[0].findings is None
    assert "safety_recall" not in found.systems[0].means
    assert found.systems[0].means["drug_exactness"].mean == 1.0


@pytest.mark.parametrize(
    ("visits", "systems", "base", "message"),
    [
        ([], {"a": GOOD}, None, "nothing to evaluate"),
        (VISITS, {}, None, "nothing to evaluate"),
        (VISITS, {"a": GOOD[:1]}, None, "'a' has no note for 2 of 3 visits; the first is thyroid"),
        (VISITS, {"a": [*GOOD, GOOD[0]]}, None, "'a' has two notes for the visit diabetes"),
        (VISITS, {"a": GOOD}, "b", "'b' is not among the systems"),
        ([BONES, BONES], {"a": GOOD}, None, "occurs twice"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    visits: list[Visit], systems: dict[str, list[WrittenNote]], base: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(visits, systems, base=base)


def test_baselines_write_a_note_for_every_visit() -> None:
    train = [THYROID, BONES]
    for name, write in BASELINES.items():
        notes = write([DIABETES], train, seed=1)
        assert [note.visit for note in notes] == ["diabetes"], name
        assert notes[0].text.strip()
    assert BASELINES["another patient, nearest"]([BONES], [DIABETES, BONES])[0].text == BONES.note
    assert evaluate(VISITS, {"copy": BASELINES["whole dialogue"](VISITS, train)}).systems[0].means["drug_exactness"].mean == 1.0


def test_the_score_card_ends_in_the_line_that_is_promised(evaluation: Evaluation, tmp_path: Path) -> None:
    card = score_card({ACI: evaluation, SYNTHETIC: evaluation}, model="SmolLM2-135M + test", remarks=["Made by hand."])
    path = tmp_path / "score_card.json"
    write_score_card(card, path)
    read = read_score_card(path)
    assert read.datasets[ACI].means[TUNED]["rouge1"].mean == pytest.approx(1.0)
    base = evaluation.system(BASE).means["rouge1"].mean
    line = f"score: aci_test1_r1=1.00 base_r1={base:.2f} synth_major_halluc=-1.00 synth_major_omit=-1.00 n=3+3"
    assert last_line(read) == line
    shown = io.StringIO()
    Console(file=shown, width=400).print(table(read))
    text = shown.getvalue()
    assert "SmolLM2-135M + test" in text
    assert "1.000" in text
    assert text.index(TUNED) < text.index(BASE)


def test_a_card_that_is_none_is_refused(evaluation: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "score_card.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_score_card(path)
    path.write_text("{}")
    with pytest.raises(InputError, match="is not a score card"):
        read_score_card(path)
    with pytest.raises(InputError, match="There is no system 'x'"):
        score_card({ACI: evaluation}, model="m", tuned="x")
    with pytest.raises(InputError, match="no scores on synthetic_test"):
        last_line(score_card({ACI: evaluation}, model="m"))
    with pytest.raises(InputError, match="compares with"):
        score_card({ACI: evaluate(VISITS, SYSTEMS, base=TUNED)}, model="m")


class Page(HTMLParser):
    """Collects what a page would load, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [
            value for name, value in attrs if name in {"src", "href", "xlink:href"} and value and not value.startswith("#")
        ]
        if tag not in {"meta", "use", "path"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "use", "path"}:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_shows_every_case_and_loads_nothing(tmp_path: Path) -> None:
    planted = msgspec.structs.replace(THYROID, turns=(*THYROID.turns, Utterance("patient", "<img src=http://x.example/y>")))
    visits = [DIABETES, planted, BONES]
    systems = {"<b>base</b>": BAD, TUNED: GOOD}
    path = tmp_path / "page" / "report.html"
    write_report(path, evaluate(visits, systems), visits, systems, title="Tuned & base")
    text = path.read_text("utf-8")
    page = Page(text)
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert page.tags.count("svg") == 8
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "Tuned &amp; base" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for visit in visits:
        assert f"<summary>{visit.id} " in text
    assert '<mark class="major">The patient takes warfarin 5 mg b.i.d. with meals.</mark>' in text
    assert '<mark class="unsupported">' in text
    assert "<li>major, drug: warfarin</li>" in text
    assert "<li>major, allergy: penicillin rash</li>" in text
    assert "Not run: judge. No judge was given." in text


def test_a_plot_is_the_same_again(evaluation: Evaluation) -> None:
    first, second = (bars(evaluation.systems, "rouge1", marked=TUNED) for _ in range(2))
    assert first == second
    assert first.count("currentColor") > 5
