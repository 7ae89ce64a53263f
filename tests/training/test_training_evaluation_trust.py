from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.note.templates import template_named
from training.evaluation.latency import QUARTER_HOUR, GroundingTime, check_seconds
from training.evaluation.natural import natural_errors
from training.evaluation.share import Share, together
from training.evaluation.trust import Trust, check_references, last_line, write_trust
from training.evaluation.trust_table import table
from training.evaluation.unsaid import unsaid
from training.synth import generate
from training.visits import Line, WrittenNote

TEMPLATE = template_named("aci")
VISITS = list(generate(3, seed=5, split="train"))
BY_ID = {visit.id: visit for visit in VISITS}


def reference(number: int, *more: str) -> WrittenNote:
    """The reference note of a visit, with further sentences in the plan."""
    homes = {topic: plan.name for plan in TEMPLATE.sections for topic in plan.topics}
    lines = [Line(homes[line.topic], line.text, line.turns) for line in VISITS[number].lines]
    lines += [Line("assessment_and_plan", text, ()) for text in more]
    return WrittenNote(VISITS[number].id, "PLAN\n\n" + " ".join(line.text for line in lines) + "\n", tuple(lines))


@pytest.fixture(scope="module")
def measured() -> Trust:
    notes = [reference(0), reference(1, "Start warfarin 37.5 mg once daily.")]
    return Trust(
        {"synthetic": unsaid(BY_ID, notes[:1])},
        {"synthetic": unsaid(BY_ID, notes)},
        check_references(VISITS, TEMPLATE),
        natural_errors(BY_ID, notes),
        GroundingTime(1.0, 50.0),
        ("ACI-Bench test1",),
    )


def test_a_true_note_states_nothing_unsaid(measured: Trust) -> None:
    found = measured.grounded["synthetic"]
    assert (found.notes, found.all.found) == (1, 0)
    assert found.all.of > 20
    assert last_line(measured).startswith(f"trust: unsaid=0/{found.all.of} dose_recall=")


def test_what_was_never_said_is_counted(measured: Trust) -> None:
    found = measured.free["synthetic"]
    assert (found.numbers.found, found.doses.found, found.drugs.found) == (1, 1, 1)


def test_planted_errors_are_found_and_true_sentences_spared(measured: Trust) -> None:
    checked = measured.checked
    for kind in ("dose", "drug", "negation", "invented_medication", "invented_symptom"):
        assert checked.planted[kind].value > 0.9, kind
    assert checked.false_flags.value < 0.1
    assert checked.omitted["medication"].value > 0.9
    assert checked.omitted["red_flag"].value > 0.9
    assert checked.evidence_recall.value > 0.9
    assert checked.evidence_precision.value > 0.8


def test_an_error_that_a_model_made_is_flagged_in_its_sentence(measured: Trust) -> None:
    assert measured.natural is not None
    assert measured.natural.notes == 2
    assert together(measured.natural.found.values()) == Share(1, 1)


def test_notes_of_other_visits_are_no_natural_errors() -> None:
    assert natural_errors(BY_ID, [WrittenNote("another", "Start warfarin 37.5 mg.\n")]).notes == 0


def test_a_quarter_of_an_hour_is_checked_in_time() -> None:
    visits = VISITS * (1 + QUARTER_HOUR // 500)
    seconds = check_seconds(visits, TEMPLATE)
    assert seconds
    assert max(seconds) < 10  # a loaded machine


def test_a_check_that_flags_nothing_is_seen(measured: Trust) -> None:
    checked = msgspec.structs.replace(measured.checked, planted={"dose": Share(0, 9)}, omitted={"dose": Share(0, 4)})
    blind = last_line(msgspec.structs.replace(measured, checked=checked))
    assert "dose_recall=0.00" in blind
    assert "omission_recall=0.00" in blind


def test_the_figures_are_kept_and_shown(measured: Trust, tmp_path: Path) -> None:
    write_trust(measured, tmp_path / "out" / "trust.json")
    assert msgspec.json.decode((tmp_path / "out" / "trust.json").read_bytes(), type=Trust) == measured
    shown = table(measured)
    assert shown.row_count > 15
    assert "not run: ACI-Bench test1" in str(shown.caption)
    assert "2.0% of the decode loop" in str(shown.caption)
