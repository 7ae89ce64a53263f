from __future__ import annotations

import msgspec

from appliance.note.templates import template_named
from training.evaluation.trust import Share, last_line, measure
from training.synth import generate
from training.visits import Line, WrittenNote

TEMPLATE = template_named("aci")
VISITS = list(generate(3, seed=5, split="train"))


def reference(number: int, *more: str) -> WrittenNote:
    """The reference note of a visit, with further sentences in the plan."""
    homes = {topic: plan.name for plan in TEMPLATE.sections for topic in plan.topics}
    lines = [Line(homes[line.topic], line.text, line.turns) for line in VISITS[number].lines]
    lines += [Line("assessment_and_plan", text, ()) for text in more]
    return WrittenNote(VISITS[number].id, "PLAN\n\n" + " ".join(line.text for line in lines) + "\n", tuple(lines))


def test_a_true_note_states_nothing_unsaid() -> None:
    found = measure(VISITS, [reference(0), reference(1)], TEMPLATE)
    assert found.notes == 2
    assert found.unsaid.found == 0
    assert found.unsaid.of > 20
    assert last_line(found).startswith(f"trust: unsaid=0/{found.unsaid.of} dose_recall=")


def test_what_was_never_said_is_counted() -> None:
    note = reference(0, "Start warfarin 37.5 mg once daily.")
    found = measure(VISITS[:1], [note], TEMPLATE)
    assert found.unsaid.found == 3  # the number, the dose and the drug


def test_planted_errors_are_found_and_true_sentences_spared() -> None:
    found = measure(VISITS, [], TEMPLATE)
    for kind in ("dose", "drug", "invented_medication"):
        assert found.planted[kind].value > 0.9, kind
    assert found.false_flags.value < 0.1
    assert found.omitted["medication"].value > 0.9


def test_a_check_that_flags_nothing_is_seen() -> None:
    found = measure(VISITS[:1], [], TEMPLATE)
    blind = msgspec.structs.replace(found, planted={"dose": Share(0, 9)}, omitted={"dose": Share(0, 4)})
    assert "dose_recall=0.00" in last_line(blind)
    assert "omission_recall=0.00" in last_line(blind)
