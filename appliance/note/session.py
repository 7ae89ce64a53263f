"""One visit in the note service: turns come in, events go out, the worker does the model's work in small steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from appliance.clinical_note import Note, Section, Stamp, Timing
from appliance.errors import CancelledError, ChartsideError, ConflictError, InputError
from appliance.note.templates import Template
from appliance.note.writer import Writer
from appliance.runtime.events import EventLog
from appliance.transcript import Turn

_SHOW_EVERY_SECONDS = 0.2


class NoteSession:
    """A note being written.

    Args:
        template: The sections to write.
        make_writer: Makes the writer once the model is loaded.
        stamp: What wrote the note.
    """

    def __init__(self, template: Template, make_writer: Callable[[], Writer], stamp: Stamp) -> None:
        self.template: Final = template
        self.events: Final = EventLog()
        self.touched = time.monotonic()
        self._make_writer = make_writer
        self._stamp = stamp
        self._lock = threading.Lock()
        self._turns: list[Turn] = []
        self._corrections = 0
        self._expected: int | None = None
        self._finished_at = 0.0
        self._cancelled = False
        self._work: Iterator[object] | None = None

    def put_turn(self, number: int, turn: Turn) -> int:
        """Take turn `number`, counted from 0; it may come again, also with another speaker or put right.

        Returns:
            The number of the last turn received.

        Raises:
            ConflictError: Turns before it are missing, or the visit has ended.
        """
        with self._lock:
            if number > len(self._turns):
                raise ConflictError(f"Turn {len(self._turns)} has not come yet.", hint="Send the turns in order.")
            if self._turns[number : number + 1] != [turn]:
                if self._expected is not None:
                    raise ConflictError("The visit has ended.", hint="Open a new session to write a note with other turns.")
                self._corrections += number < len(self._turns)
                self._turns[number : number + 1] = [turn]
            self.touched = time.monotonic()
            return len(self._turns) - 1

    def finish(self, turns: int) -> None:
        """The visit has ended after this many turns; the rest of the note is written now. May be repeated.

        Raises:
            InputError: Another number of turns was received.
        """
        with self._lock:
            if turns != len(self._turns):
                message = f"The visit has {turns} turns, but {len(self._turns)} were received."
                raise InputError(message, hint="Send every turn before finishing.")
            if self._expected is None:
                self._expected = turns
                self._finished_at = time.monotonic()
            self.touched = time.monotonic()

    def cancel(self) -> None:
        """Stop writing after the current token."""
        self._cancelled = True

    @property
    def finishing(self) -> bool:
        """Somebody waits for this note."""
        return self._expected is not None

    @property
    def over(self) -> bool:
        """Nothing more will be written."""
        return self._cancelled or self.events.closed

    def step(self) -> bool:
        """Do one model call's worth of work; called by the worker only.

        Returns:
            Whether there was anything to do.
        """
        if self.events.closed:
            return False
        try:
            if self._work is None:
                self._work = self._write()
            if self._cancelled:
                raise CancelledError("The writing was stopped.", hint="Write the note again when it is wanted.")  # noqa: TRY301
            return next(self._work, None) is not _IDLE
        except ChartsideError as error:
            self._fail(error)
        except Exception as error:  # whatever broke, the page must hear of it
            self._fail(ChartsideError(f"The note could not be written ({type(error).__name__}).", hint="Write the note again."))
            raise
        return True

    def _write(self) -> Iterator[object]:
        writer = self._make_writer()
        taken, corrections = 0, 0
        while True:
            with self._lock:
                turns, ended = list(self._turns), self._expected is not None
                corrected, corrections = self._corrections != corrections, self._corrections
            fresh = turns if corrected else turns[taken:]
            if corrected:
                writer.restart()
            for turn in fresh:
                writer.add(turn)
            taken = len(turns)
            if ended:
                break
            if fresh:
                # Turns or the end may have come meanwhile, and a page that was told of idleness does not ask again.
                yield from writer.advance()
            else:
                yield _IDLE
        shown = 0.0
        for _ in writer.finish():
            if time.monotonic() - shown > _SHOW_EVERY_SECONDS:
                shown = time.monotonic()
                self._show(writer)
            yield None
        self._complete(writer)

    def _show(self, writer: Writer) -> None:
        done, total = writer.progress()
        self.events.publish("progress", {"done": done, "total": total}, volatile=True)
        for section in writer.sections():
            body = {"name": section.name, "text": section.text}
            self.events.publish("section_text", body, volatile=True, key=section.name)

    def _complete(self, writer: Writer) -> None:
        sections: list[Section] = writer.sections()
        for section in sections:
            self.events.publish("section", section, key=section.name)
        meter = writer.meter
        timing = Timing(
            meter.prefill_tokens,
            meter.prefill_seconds,
            meter.decode_tokens,
            meter.decode_seconds,
            time.monotonic() - self._finished_at,
        )
        self.events.publish("note", Note(self.template.name, tuple(sections), self._stamp, timing))
        self.events.close()

    def _fail(self, error: ChartsideError) -> None:
        self.events.publish("failed", error.problem())
        self.events.close()


_IDLE: Final = object()


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /sessions`."""

    template: str


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /sessions/<id>/finish`."""

    turns: int
