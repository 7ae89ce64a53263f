"""A visit to review: scripted turns and a scripted note with planted errors, checked by the note service's own check.

The speech peer hears `TURNS` whatever the audio is; the note peer writes `NOTE`. With a file `corrected` in its trigger
directory it writes the right dose; while a file `writing` is there, it does not finish. The rest is as in `kiosk_peers`.

Run as `review_peers.py speech|note FD TRIGGER_DIR`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final
from unittest.mock import patch

import kiosk_peers
from kiosk_peers import NoteSession, Peer, SpeechSession, voice_of

from appliance.clinical_note import NOT_DISCUSSED, Check, Note, Section, Sentence, Stamp
from appliance.note.check.check import check
from appliance.note.templates import template_named
from appliance.transcript import Speaker, Turn, Word

PLAN: Final = "assessment_and_plan"
TEMPLATE: Final = template_named("aci")
DOUBTED: Final = {"met", "4,500,", "Okay,"}
"""Words that the speech peer is not sure of."""


def _turn(speaker: Speaker, start: float, end: float, text: str) -> Turn:
    words = tuple(Word(word, start, end, 0.3 if word in DOUBTED else 0.9) for word in text.split())
    return Turn(text, start, end, words, speaker)


TURNS: Final = (
    _turn("clinician", 0.0, 1.5, "What brings you in today?"),
    _turn("patient", 1.5, 4.0, "I have had a dry cough for two weeks."),
    _turn("clinician", 4.5, 5.5, "Do you have any fever?"),
    _turn("patient", 5.5, 6.5, "No, no fever."),
    _turn("clinician", 7.0, 8.5, "Which medications do you take?"),
    _turn("patient", 8.5, 11.0, "I take met 4,500, twice daily."),
    _turn("patient", 11.5, 13.0, "And I am allergic to penicillin."),
    _turn("clinician", 13.5, 17.0, "I would like you to start lisinopril 10 milligrams once a day."),
    _turn("clinician", 17.5, 19.0, "Please come back in three months."),
    _turn("patient", 19.0, 20.0, "Okay, thank you."),
)
SECONDS: Final = 20.0
NOTE: Final = {
    "chief_complaint": (Sentence("Dry cough.", (1,)),),
    "history_of_present_illness": (
        Sentence("The patient has had a dry cough for two weeks.", (1,)),
        Sentence("He has no fever.", (2, 3)),
        Sentence("The patient takes metformin 500 mg twice daily.", (5,)),
    ),
    PLAN: (Sentence("Start lisinopril 40 mg once daily.", (7,)), Sentence("Order a chest x-ray.", ())),
}
CORRECTED: Final = "Start lisinopril 10 mg once daily."


class Heard(SpeechSession):
    """Hears the whole script at the end."""

    def advance(self) -> None:
        if self.end is None:
            return
        for turn in TURNS[len(self.told) :]:
            final = {"turn": turn, "committed": int(turn.end * 16_000), "voice": voice_of(turn.text)}
            self.log.publish("final", final, key="partial")
            self.told.append(turn.speaker)


class Written(NoteSession):
    """Writes the scripted note."""

    def write(self) -> None:
        sections = []
        for name, title in ((section.name, section.title) for section in TEMPLATE.sections):
            sentences = NOTE.get(name, ())
            if name == PLAN and (self.triggers.directory / "corrected").exists():
                sentences = (Sentence(CORRECTED, (7,)),)
            text = " ".join(sentence.text for sentence in sentences) or NOT_DISCUSSED
            sections.append(Section(name, title, text, sentences))
        self.log.publish("section_text", {"name": PLAN, "text": "Start"}, volatile=True, key=PLAN)
        while (self.triggers.directory / "writing").exists():
            time.sleep(0.01)
        for section in sections:
            self.log.publish("section", section, key=section.name)
        self.log.publish("note", Note("aci", tuple(sections), Stamp("test", "peer", "none", "topics", "0" * 12, "0")))
        self.log.close()


def really_checked(sections: list[Section], turns: list[Turn]) -> Check:
    return check(TEMPLATE, sections, turns)


class ReviewPeer(Peer):
    """The speech or the note peer of this script."""

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._arguments[0] = __file__
        return super()._spawn()


if __name__ == "__main__":
    with patch.multiple(kiosk_peers, SpeechSession=Heard, NoteSession=Written, check_of=really_checked):
        kiosk_peers.main(*sys.argv[1:])
