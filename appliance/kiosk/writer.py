"""Turns to note, note to store."""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from appliance.clinical_note import Note, Section
from appliance.errors import CancelledError, ChartsideError, UnavailableError, from_problem
from appliance.kiosk.worker import Worker
from appliance.runtime.client import ServerEvent
from appliance.store.records import Problem
from appliance.transcript import Turn

_PASSING: Final = (CancelledError, UnavailableError)
"""Failures of a note service that is stopping: the next one writes the note."""


class _Progress(msgspec.Struct, frozen=True):
    done: int
    total: int


class _SectionText(msgspec.Struct, frozen=True):
    name: str
    text: str


class Writer(Worker):
    """Has the note written: sends turns while the visit runs, and stores the note after its end."""

    def needed(self) -> bool:
        """Until there is a note."""
        return self.visit.state in {"recording", "transcribing", "writing"}

    def may_give_up(self) -> bool:
        """Only when the clinician waits for the note."""
        return self.visit.state == "writing"

    def progress(self) -> object:
        """How far the visit is: an attempt gets nowhere else."""
        return self.visit.state

    def attempt(self) -> None:
        """Feed one note session, then follow its writing."""
        session = self.open_session({"template": self.visit.template})
        path = f"/sessions/{session}"
        sent: list[Turn] = []
        corrections = -1
        while not self._fed(len(sent), corrections):
            corrections = self.visit.heard.corrections
            turns = self.visit.heard.corrected()
            for n, turn in enumerate(turns):
                if sent[n : n + 1] != [turn]:
                    self.service.call("PUT", f"{path}/turns/{n}", object, json=turn)
            sent = turns
            self.visit.wait_for(functools.partial(self._has_work, len(sent), corrections))
            if self.dismissed():
                return
        self.service.call("POST", f"{path}/finish", object, json={"turns": len(sent)})
        for event in self.service.events(f"{path}/events"):
            if self.taken(event):
                return
        if not self.stopped.is_set():
            raise UnavailableError("The note service ended the session early.", hint="It is started again.")

    def _has_work(self, sent: int, corrections: int) -> bool:
        changed = self.visit.heard.corrections != corrections
        return self.dismissed() or changed or self.visit.heard.count > sent or self._fed(sent, corrections)

    def _fed(self, sent: int, corrections: int) -> bool:
        """Whether all turns there will be were sent as they read now."""
        heard = self.visit.heard
        return self.visit.state == "writing" and heard.count == sent and heard.corrections == corrections

    def take(self, event: ServerEvent) -> bool:
        """Store or show one event; True when the writing is over."""
        match event.name:
            case "progress":
                self.visit.show("progress", event.decode(_Progress))
            case "section_text":
                text = event.decode(_SectionText)
                if self._wanted(text.name):
                    self.visit.show("section_text", text, key=f"section {text.name}")
            case "section":
                section = event.decode(Section)
                if self._wanted(section.name):
                    self.visit.draft.show_section(section)
            case "note":
                self.visit.draft.written(event.decode(Note))
                return True
            case "failed":
                self._fail(from_problem(event.decode(dict[str, object])))
                return True
        return False

    def _wanted(self, section: str) -> bool:
        return self.visit.draft.section in {None, section}

    def _fail(self, error: ChartsideError) -> None:
        if isinstance(error, _PASSING):
            raise error
        self.visit.fail(Problem.of(error))
