"""The note service over its real socket with the real model."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

import msgspec
import pytest
from sample_visits import sample_visits

from appliance import recorded
from appliance.clinical_note import DRAFT_NOTICE, NOT_DISCUSSED, Note, Sentence
from appliance.errors import CancelledError, ConflictError, InputError, NotFoundError, TooLargeError, UnknownTemplateError
from appliance.note.model import LanguageModel
from appliance.note.sections import SectionsStrategy
from appliance.note.templates import template_named
from appliance.note.topics import TopicsStrategy
from appliance.note.writer import Writer
from appliance.runtime.bundle import NoteModel
from appliance.runtime.client import ServiceClient
from appliance.transcript import Turn

SPELLED = {str(n) for n in range(1, 13)}
SHORT = [
    Turn("What brings you in today?", speaker="clinician"),
    Turn("I have been very tired for three months, and I gained ten pounds.", speaker="patient"),
    Turn("Your TSH is 8.4, so I will start levothyroxine 50 micrograms every morning.", speaker="clinician"),
]


def ignore(_done: float, _total: float) -> None:
    pass


def test_health_names_the_model(note_service: ServiceClient) -> None:
    health = note_service.call("GET", "/health", dict[str, object])
    assert (health["status"], health["strategy"]) == ("ok", "topics")
    assert str(health["adapter"]).startswith("visit-note ")


@pytest.mark.parametrize("template", ["aci", "soap"])
def test_a_note_has_every_section_and_says_it_is_a_draft(note_service: ServiceClient, template: str) -> None:
    note = recorded.write_note(note_service, template, SHORT, ignore)
    assert [s.name for s in note.sections] == [s.name for s in template_named(template).sections]
    assert note.notice == DRAFT_NOTICE
    assert all(section.text for section in note.sections)
    assert (note.stamp.adapter.split()[0], note.stamp.strategy) == ("visit-note", "topics")
    assert "Expect errors" in note.stamp.caution
    assert note.timing.decode_tokens > 0


def test_a_verbatim_note_holds_only_what_was_said_in_the_turns_it_names(language_model: LanguageModel) -> None:
    """An independent look at the note against the transcript."""
    config = NoteModel("test", "none", "topics", language_model.context, writing="verbatim")
    strategy = TopicsStrategy(language_model, config)
    for visit in sample_visits():
        sentences = written(strategy.writer(template_named("aci")), visit.turns)
        assert len(sentences) >= 5
        for sentence in sentences:
            said = " ".join(visit.turns[turn].text for turn in sentence.turns).lower()
            assert sentence.text.lower().rstrip(".") in said


def test_every_number_of_a_note_was_said_in_the_turns_it_names(note_service: ServiceClient) -> None:
    digits = re.compile(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?")
    found = 0
    for visit in sample_visits():
        note = recorded.write_note(note_service, "aci", visit.turns, ignore)
        for sentence in (sentence for section in note.sections for sentence in section.sentences):
            said = " ".join(visit.turns[turn].text for turn in sentence.turns).replace(",", "")
            written_numbers = set(digits.findall(sentence.text.replace(",", "")))
            # The sample transcripts hold digits; numbers spelled out are tested in test_note_said.py.
            assert {n for n in written_numbers if n not in digits.findall(said)} <= SPELLED, sentence.text
            found += len(written_numbers)
    assert found >= 20


def test_a_tuned_note_says_what_matters_of_a_sample_visit(note_service: ServiceClient) -> None:
    diabetes = next(visit for visit in sample_visits() if visit.name == "type-2-diabetes")
    note = recorded.write_note(note_service, "aci", diabetes.turns, ignore)
    text = note.text.lower()
    for fact in ("metformin", "142/86", "7.8", "82"):
        assert fact in text, fact


def test_nothing_said_gives_an_empty_note(note_service: ServiceClient) -> None:
    note = recorded.write_note(note_service, "aci", [], ignore)
    assert [section.text for section in note.sections] == [NOT_DISCUSSED] * 6


def test_events_resume_by_id(note_service: ServiceClient) -> None:
    with recorded.note_session(note_service, "soap") as name:
        for number, turn in enumerate(SHORT):
            note_service.call("PUT", f"/sessions/{name}/turns/{number}", object, json=turn)
        note_service.call("POST", f"/sessions/{name}/finish", object, json={"turns": len(SHORT)})
        path = f"/sessions/{name}/events"
        everything = [event for event in note_service.events(path) if event.name in {"section", "note"}]
        assert [event.name for event in everything] == ["section"] * 4 + ["note"]
        rest = list(note_service.events(path, after=everything[1].id))
        assert [event for event in rest if event.name in {"section", "note"}] == everything[2:]


def test_several_visits_at_once_do_not_mix(note_service: ServiceClient) -> None:
    alone = recorded.write_note(note_service, "aci", SHORT, ignore)
    others = [visit.turns[:12] for visit in sample_visits()[:2]]
    notes: dict[int, Note] = {}

    def write(number: int, turns: tuple[Turn, ...] | list[Turn]) -> None:
        notes[number] = recorded.write_note(note_service, "aci", turns, ignore)

    threads = [threading.Thread(target=write, args=(i, turns)) for i, turns in enumerate([SHORT, *others])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notes[0].sections == alone.sections
    assert len(notes) == 3


def test_turns_that_are_put_right_count_as_if_they_had_come_so(note_service: ServiceClient) -> None:
    expected = recorded.write_note(note_service, "aci", SHORT, ignore)
    first = [msgspec.structs.replace(SHORT[0], text="Good morning."), msgspec.structs.replace(SHORT[1], speaker="unknown")]
    with recorded.note_session(note_service, "aci") as name:
        for number, turn in [*enumerate([*first, *SHORT[2:]]), *enumerate(SHORT[:2])]:
            note_service.call("PUT", f"/sessions/{name}/turns/{number}", object, json=turn)
        note_service.call("POST", f"/sessions/{name}/finish", object, json={"turns": len(SHORT)})
        with pytest.raises(ConflictError, match="has ended"):
            note_service.call("PUT", f"/sessions/{name}/turns/0", object, json=first[0])
        *_, written = recorded.note_events(note_service, name)
    assert isinstance(written, Note)
    assert written.sections == expected.sections


@pytest.mark.parametrize("writing", ["topics", "sections"])
def test_what_was_written_from_unchanged_turns_is_used_again(language_model: LanguageModel, writing: str) -> None:
    config = NoteModel("", "", "topics", 2048, "tuned")
    strategy = TopicsStrategy(language_model, config) if writing == "topics" else SectionsStrategy(language_model, config)
    turns = [
        Turn(f"You take metformin {dose} milligrams twice a day for your diabetes, {'right ' * 45}?") for dose in (500, 850)
    ]
    put_right = [turns[0], msgspec.structs.replace(turns[1], text="The metformin goes up to 1000 milligrams twice a day now.")]
    texts, tokens = [], []
    for visit in ([turns, put_right], [put_right]):
        writer = strategy.writer(template_named("aci"))
        for read in visit:
            writer.restart()
            for turn in read:
                writer.add(turn)
            before = writer.meter.prefill_tokens
            for _ in writer.finish():
                pass
            tokens.append(writer.meter.prefill_tokens - before)
        texts.append([section.text for section in writer.sections()])
    assert texts[0] == texts[1]
    assert (tokens[1] < tokens[2]) is (writing == "topics")


def test_cancel_stops_the_writing(note_service: ServiceClient) -> None:
    visit = sample_visits()[1]
    with recorded.note_session(note_service, "aci") as name:
        for number, turn in enumerate(visit.turns):
            note_service.call("PUT", f"/sessions/{name}/turns/{number}", object, json=turn)
        note_service.call("POST", f"/sessions/{name}/finish", object, json={"turns": len(visit.turns)})
        note_service.call("POST", f"/sessions/{name}/cancel", object)
        with pytest.raises(CancelledError):
            list(recorded.note_events(note_service, name))


def test_bad_turns_are_refused_and_the_session_goes_on(note_service: ServiceClient) -> None:
    with recorded.note_session(note_service, "aci") as name:
        path = f"/sessions/{name}/turns"
        note_service.call("PUT", f"{path}/0", object, json=SHORT[0])
        note_service.call("PUT", f"{path}/0", object, json=SHORT[0])
        with pytest.raises(ConflictError, match="Turn 1 has not come yet"):
            note_service.call("PUT", f"{path}/2", object, json=SHORT[1])
        for body in (b"", b"\xff\xfe", b"[]", b'{"text": 3}', b'{"text": "a", "start": -1}', b'{"text"'):
            with pytest.raises(InputError) as refused:
                note_service.call("PUT", f"{path}/1", object, body=body)
            assert refused.value.hint
        with pytest.raises(InputError, match="has 5 turns, but 1 were received"):
            note_service.call("POST", f"/sessions/{name}/finish", object, json={"turns": 5})
        assert note_service.call("PUT", f"{path}/1", dict[str, int], json=SHORT[1]) == {"received_through": 1}


def test_unknown_names_are_refused(note_service: ServiceClient) -> None:
    with pytest.raises(UnknownTemplateError) as refused:
        note_service.call("POST", "/sessions", object, json={"template": "../../etc/passwd"})
    assert refused.value.hint == "Known templates: aci, soap."
    with pytest.raises(NotFoundError):
        note_service.call("GET", "/sessions/none/events", object)


def test_a_visit_longer_than_the_context_is_written_whole(note_service: ServiceClient, language_model: LanguageModel) -> None:
    """About 12,000 tokens against a context of 8,192: what is said last is in the note like what is said first."""
    filler = Turn("Okay. " + "So the weather was fine and the garden did well this year. " * 25)
    visit = [
        Turn("I started metformin 850 milligrams."),
        *[filler] * 30,
        Turn("The last thing is that my left ankle is swollen."),
    ]
    assert sum(len(language_model.encode(turn.text)) for turn in visit) > language_model.context
    note = recorded.write_note(note_service, "aci", visit, ignore)
    cited = {turn for section in note.sections for sentence in section.sentences for turn in sentence.turns}
    assert max(cited) == len(visit) - 1
    assert min(cited) == 0


def test_what_nobody_can_say_is_refused_and_the_service_goes_on(note_service: ServiceClient) -> None:
    with pytest.raises(TooLargeError, match="tokens; the note model reads"):
        recorded.write_note(note_service, "aci", [Turn("I take 12345 and " + "7" * 20_000 + " every day.")], ignore)
    assert recorded.write_note(note_service, "aci", SHORT, ignore).sections


def written(writer: Writer, turns: Sequence[Turn]) -> list[Sentence]:
    for turn in turns:
        writer.add(turn)
    for _ in writer.finish():
        pass
    return [sentence for section in writer.sections() for sentence in section.sentences]


def test_the_sections_strategy_reads_every_window(language_model: LanguageModel) -> None:
    visit = sample_visits()[1]
    config = NoteModel("test", "none", "sections", language_model.context, writing="verbatim", window_tokens=400)
    writer = SectionsStrategy(language_model, config).writer(template_named("soap"))
    for turn in visit.turns[:24]:
        writer.add(turn)
        for _ in writer.advance():
            pass
    for _ in writer.finish():
        pass
    done, total = writer.progress()
    assert done == total >= 8  # at least two windows of four sections
    sections = writer.sections()
    assert [section.name for section in sections] == ["subjective", "objective", "assessment", "plan"]
    cited = {turn for section in sections for sentence in section.sentences for turn in sentence.turns}
    assert {0, 23} <= cited
