"""Speech and note as scripted peers: real processes that speak the wire contract over UNIX sockets, and die on demand.

The speech peer "hears" the value of a chunk's first sample, or the word of `SOUNDS` with this number; four chunks make a turn,
wherever a session starts. With a file `label` in the trigger directory it labels the speakers once three turns are known, the
first turn's being the one that the file names. The note peer writes the turns down word by word; its check believes a sentence
that does not say otherwise, and misses every turn that no section has. A file `old` makes it a note service without a check,
one `slow` keeps the check waiting. A file in the trigger directory, named like a point of the script, makes the peer remove
the file and kill itself with SIGKILL when it gets there; with the suffix `.always` it stays and does so every time.

Run as `kiosk_peers.py speech|note FD TRIGGER_DIR`.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from flask import Flask, Response, abort, request

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, parse_chunk
from appliance.clinical_note import NOT_DISCUSSED, Check, CheckedSection, CheckedSentence, Note, Omission, Section, Stamp, State
from appliance.errors import BundleError, ConflictError, InputError, NotFoundError
from appliance.runtime.events import EventLog
from appliance.runtime.server import Server, inherited_socket, listen_unix, serve
from appliance.runtime.web import create_service, event_stream, last_event_id, receive, send
from appliance.transcript import Gap, Speaker, Turn, Word

TURN_CHUNKS = 4
TEMPLATE = "aci"
SECTIONS = ("subjective", "plan")
SOUNDS = {1001: "Take", 1002: "the", 1003: "met", 1004: "4,500,", 1005: "twice", 1006: "daily.", 1007: "tablets", 1008: "now"}


def chunk_of(value: int, samples: int = CHUNK_SAMPLES) -> bytes:
    """A chunk that the speech peer hears as `value`."""
    return np.full(samples, value, dtype="<i2").tobytes()


def turn_text(values: list[int]) -> str:
    return "heard " + " ".join(SOUNDS.get(value, str(value)) for value in values)


def turn_of(values: list[int], start: float, end: float) -> Turn:
    """Only what is made of words has them."""
    text = turn_text(values)
    words = tuple(Word(word, start, end, 0.5) for word in text.split()) if SOUNDS.keys() & set(values) else ()
    return Turn(text, start, end, words)


def voice_of(turn: str) -> dict[str, Any]:
    return {"print": base64.b64encode(turn.encode().ljust(256)[:256]).decode(), "seconds": 1.0}


class Triggers:
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def set(self, point: str) -> None:
        (self.directory / point).touch()

    @contextlib.contextmanager
    def always(self, point: str) -> Iterator[None]:
        path = self.directory / f"{point}.always"
        path.touch()
        try:
            yield
        finally:
            path.unlink()

    @contextlib.contextmanager
    def holding(self, name: str, content: str = "") -> Iterator[Path]:
        """A file that is there while the block lasts."""
        path = self.directory / name
        path.write_text(content)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def reach(self, point: str) -> None:
        if not (self.directory / f"{point}.always").exists():
            try:
                (self.directory / point).unlink()
            except FileNotFoundError:
                return
        os.kill(os.getpid(), signal.SIGKILL)

    def fired(self, point: str) -> bool:
        return not (self.directory / point).exists()


class SpeechSession:
    def __init__(self, first_sample: int, earlier: list[dict[str, Any]], triggers: Triggers) -> None:
        if any(turn["voice"] != voice_of(turn["text"]) for turn in earlier):
            raise InputError("an earlier turn comes with another voice")
        self.log = EventLog()
        self.told: list[Speaker] = ["unknown"] * len(earlier)
        self.triggers = triggers
        self.chunks: dict[int, bytes] = {}
        self.position = first_sample // CHUNK_SAMPLES
        self.end: int | None = None
        self.samples = 0
        self.lock = threading.Lock()
        self.label()

    def put(self, n: int, body: bytes) -> None:
        with self.lock:
            if self.end is not None:
                raise ConflictError("finished")
            parse_chunk(body)
            self.triggers.reach(f"chunk-{n}")
            if self.chunks.setdefault(n, body) != body:
                raise ConflictError("other bytes")
            if n >= self.position:
                self.log.publish("partial", {"start": 0.0, "end": 0.5, "stable": f"{n}", "tentative": ""}, volatile=True)
            self.advance()

    def finish(self, chunks: int, samples: int | None) -> None:
        with self.lock:
            self.end, self.samples = chunks, samples or chunks * CHUNK_SAMPLES
            self.triggers.reach("finish")
            self.advance()
            self.log.publish("finished", {"duration": self.samples / SAMPLE_RATE})
            self.log.close()

    def advance(self) -> None:
        while True:
            boundary = (self.position // TURN_CHUNKS + 1) * TURN_CHUNKS
            end = boundary if self.end is None else min(boundary, self.end)
            wanted = range(self.position, end)
            if self.position >= end or (self.end is None and not all(n in self.chunks for n in wanted)):
                return
            values = [int(parse_chunk(self.chunks[n])[0]) for n in wanted if n in self.chunks]
            start = self.position
            for n in wanted:
                if n not in self.chunks:
                    gap = Gap(n * CHUNK_SAMPLES / SAMPLE_RATE, (n + 1) * CHUNK_SAMPLES / SAMPLE_RATE)
                    self.log.publish("gap", {"gap": gap, "committed": start * CHUNK_SAMPLES})
            self.position = end
            if values:
                turn = turn_of(values, start * CHUNK_SAMPLES / SAMPLE_RATE, end * CHUNK_SAMPLES / SAMPLE_RATE)
                final = {"turn": turn, "committed": end * CHUNK_SAMPLES, "voice": voice_of(turn.text)}
                self.log.publish("final", final, key="partial")
                self.told.append("unknown")
                self.label()
                self.triggers.reach(f"final-{start // TURN_CHUNKS}")

    def label(self) -> None:
        path = self.triggers.directory / "label"
        if len(self.told) < 3 or not path.exists():
            return
        speakers: list[Speaker] = ["patient", "clinician"] if path.read_text() == "patient" else ["clinician", "patient"]
        labels = [speakers[n % 2] for n in range(len(self.told))]
        changed = [{"n": n, "speaker": label} for n, label in enumerate(labels) if label != self.told[n]]
        self.told = labels
        if changed:
            self.log.publish("speakers", {"labels": changed})


def speech_app(triggers: Triggers, sessions: dict[str, SpeechSession]) -> Flask:
    app = create_service("speech-peer")

    def find(session: str) -> SpeechSession:
        if session not in sessions:
            raise NotFoundError("no such session")
        return sessions[session]

    @app.post("/sessions")
    def open_() -> Response:
        session = uuid.uuid4().hex
        body = receive(dict[str, Any])
        sessions[session] = SpeechSession(body["first_sample"], body["earlier"], triggers)
        return send({"id": session}, 201)

    @app.put("/sessions/<session>/chunks/<int:n>")
    def put(session: str, n: int) -> Response:
        find(session).put(n, request.get_data())
        return send({"received_through": n, "missing": []})

    @app.post("/sessions/<session>/finish")
    def finish(session: str) -> Response:
        body = receive(dict[str, int])
        find(session).finish(body["chunks"], body.get("samples"))
        return send(None, 202)

    @app.get("/sessions/<session>/events")
    def events(session: str) -> Response:
        return event_stream(find(session).log.stream(last_event_id()))

    @app.delete("/sessions/<session>")
    def delete(session: str) -> Response:
        find(session).log.close()
        del sessions[session]
        return Response(status=204)

    @app.get("/health")
    def health() -> Response:
        return send({"status": "ok", "model": "peer", "bundle": "test", "sessions": len(sessions)})

    return app


class NoteSession:
    def __init__(self, template: str, triggers: Triggers) -> None:
        self.template = template
        self.log = EventLog()
        self.triggers = triggers
        self.turns: list[Turn] = []

    def put(self, n: int, turn: Turn) -> None:
        self.triggers.reach(f"turn-{n}")
        if n > len(self.turns):
            raise ConflictError("turns must come in order")
        self.turns[n : n + 1] = [turn]

    def finish(self, turns: int) -> None:
        if turns != len(self.turns):
            raise InputError(f"{turns} promised, {len(self.turns)} came")
        (self.triggers.directory / "labels").write_text(" ".join(turn.speaker for turn in self.turns), "utf-8")
        threading.Thread(target=self.write, daemon=True).start()

    def write(self) -> None:
        sections = []
        for done, name in enumerate(SECTIONS):
            text = " | ".join(turn.text for turn in self.turns) or NOT_DISCUSSED
            self.log.publish("progress", {"done": done, "total": len(SECTIONS)}, volatile=True)
            self.log.publish("section_text", {"name": name, "text": text[:5]}, volatile=True, key=name)
            sections.append(Section(name, name.title(), text))
            self.log.publish("section", sections[-1], key=name)
            self.triggers.reach(f"section-{done}")
        if (self.triggers.directory / "refuse").exists():
            self.log.publish("failed", BundleError("The model is broken.", hint="Mend it.").problem())
        else:
            stamp = Stamp("test", "peer", "none", "sections", "0" * 12, "0", "A peer wrote this. Expect errors and omissions.")
            self.log.publish("note", Note(self.template, tuple(sections), stamp))
        self.log.close()


class CheckRequest(msgspec.Struct):
    template: str
    sections: list[Section]
    turns: list[Turn]


def check_of(sections: list[Section], turns: list[Turn]) -> Check:
    def sentence(text: str) -> CheckedSentence:
        doubts: list[State] = ["contradicted", "unsupported"]
        state: State = next((doubt for doubt in doubts if doubt in text), "supported")
        return CheckedSentence(text, state, "major", (), tuple(f"{turn.speaker}: {turn.text}" for turn in turns))

    checked = [CheckedSection(section.name, tuple(map(sentence, section.text.split("\n")))) for section in sections]
    missed = [turn for turn in turns if not any(turn.text in section.text for section in sections)]
    return Check(tuple(checked), tuple(Omission("medication", turn.text, "plan", (0,), "major") for turn in missed))


def add_check(app: Flask, triggers: Triggers) -> None:
    @app.post("/check")
    def check() -> Response:
        body = receive(CheckRequest)
        if (triggers.directory / "old").exists():
            abort(404)
        while (triggers.directory / "slow").exists():
            time.sleep(0.01)
        triggers.reach("check")
        return send(check_of(body.sections, body.turns))


def note_app(triggers: Triggers, sessions: dict[str, NoteSession]) -> Flask:
    app = create_service("note-peer")

    def find(session: str) -> NoteSession:
        if session not in sessions:
            raise NotFoundError("no such session")
        return sessions[session]

    @app.get("/templates")
    def templates() -> Response:
        sections = [{"name": name, "title": name.title()} for name in SECTIONS]
        return send([{"name": TEMPLATE, "title": "ACI", "sections": sections}])

    @app.post("/sessions")
    def open_() -> Response:
        session = uuid.uuid4().hex
        sessions[session] = NoteSession(receive(dict[str, str])["template"], triggers)
        return send({"id": session}, 201)

    @app.put("/sessions/<session>/turns/<int:n>")
    def put(session: str, n: int) -> Response:
        find(session).put(n, receive(Turn))
        return send({"received_through": n})

    @app.post("/sessions/<session>/finish")
    def finish(session: str) -> Response:
        find(session).finish(receive(dict[str, int])["turns"])
        return send(None, 202)

    @app.get("/sessions/<session>/events")
    def events(session: str) -> Response:
        return event_stream(find(session).log.stream(last_event_id()))

    @app.delete("/sessions/<session>")
    def delete(session: str) -> Response:
        find(session).log.close()
        del sessions[session]
        return Response(status=204)

    add_check(app, triggers)

    @app.get("/health")
    def health() -> Response:
        return send({"status": "ok", "model": "peer", "bundle": "test", "strategy": "sections", "sessions": len(sessions)})

    return app


def end_streams(sessions: dict[str, Any]) -> None:
    for session in list(sessions.values()):
        session.log.close()


class Supervised:
    """A process on a socket that outlives it, started again whenever it dies, as systemd does."""

    def __init__(self, listener_fd: int, arguments: list[str]) -> None:
        self._fd = listener_fd
        self._arguments = arguments
        self._stopping = False
        self._lock = threading.Lock()
        self._process = self._spawn()
        self.starts = 1
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def kill(self) -> None:
        with self._lock:
            self._process.kill()

    def freeze(self) -> None:
        """Let it answer nothing any more, and not die either, until `thaw`."""
        with self._lock:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        with self._lock:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._process.terminate()
        self._thread.join()

    def _spawn(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen([sys.executable, *self._arguments], pass_fds=[self._fd], env=environment)

    def _watch(self) -> None:
        while True:
            self._process.wait()
            with self._lock:
                if self._stopping:
                    return
                self._process = self._spawn()
                self.starts += 1


class Peer(Supervised):
    """The speech or the note peer."""

    def __init__(self, name: str, directory: Path) -> None:
        self.socket = directory / f"{name}.sock"
        self._listener = listen_unix(self.socket)
        self.triggers = Triggers(directory / name)
        self.triggers.directory.mkdir()
        fd = self._listener.fileno()
        super().__init__(fd, [__file__, name, str(fd), str(self.triggers.directory)])

    def stop(self) -> None:
        super().stop()
        self._listener.close()


def main(name: str, fd: str, directory: str) -> None:
    listener = inherited_socket(int(fd))
    assert listener
    sessions: dict[str, Any] = {}
    triggers = Triggers(Path(directory))
    app = speech_app(triggers, sessions) if name == "speech" else note_app(triggers, sessions)
    serve(Server(app, listener, lambda: end_streams(sessions)))


if __name__ == "__main__":
    main(*sys.argv[1:])
