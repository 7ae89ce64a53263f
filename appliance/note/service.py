"""The note service over HTTP."""

from __future__ import annotations

import socket
import uuid
from typing import Final

from flask import Flask, Response

from appliance.errors import ChartsideError, UnavailableError
from appliance.note.check.check import check, warm
from appliance.note.check.request import CheckRequest
from appliance.note.model import LanguageModel
from appliance.note.session import Ending, NoteSession, Opening
from appliance.note.strategies import stamp_of, strategy_of
from appliance.note.templates import all_templates, template_named
from appliance.note.worker import Worker
from appliance.note.writer import Strategy, Writer
from appliance.runtime import notify, web
from appliance.runtime.bundle import Bundle
from appliance.runtime.providers.choice import choose
from appliance.runtime.server import Server, serve
from appliance.settings import Settings
from appliance.transcript import Turn


class NoteService:
    """The model with its worker.

    Args:
        settings: Names the bundle and the number of threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._grounded = settings.grounding == "on"
        self._bundle: Bundle | None = None
        self._strategy: Strategy | None = None
        self._provider = ""
        self.worker: Final = Worker(self._load)

    def open(self, template_name: str) -> str:
        """Open a session and return its id."""
        stamp = stamp_of(self.require_ready().manifest, grounded=self._grounded)
        name = uuid.uuid4().hex
        template = template_named(template_name)
        session = NoteSession(template, lambda: self._writer(template_name), stamp)
        self.worker.add(name, session)
        return name

    def health(self) -> dict[str, object]:
        """What `GET /health` answers."""
        bundle = self.require_ready()
        note = bundle.manifest.note
        return {
            "status": "ok",
            "model": note.model,
            "adapter": note.adapter,
            "bundle": bundle.label,
            "strategy": note.strategy,
            "provider": self._provider,
            "sessions": self.worker.count,
        }

    def require_ready(self) -> Bundle:
        """The bundle, once its model is loaded.

        Raises:
            UnavailableError: The model is still loading.
            ChartsideError: The model could not be loaded.
        """
        failure = self.worker.failure
        if isinstance(failure, ChartsideError):
            raise type(failure)(failure.message, hint=failure.hint)
        if failure is not None:
            raise ChartsideError(f"The note model failed to load ({type(failure).__name__}).", hint="Run `chartside doctor`.")
        if self._bundle is None or self._strategy is None:
            raise UnavailableError("The note model is loading.", hint="Try again in a few seconds.")
        return self._bundle

    def _load(self) -> None:
        bundle = Bundle(self._settings.bundle)
        config = bundle.manifest.note
        notify.doing("checking the model")
        bundle.verify(config.directory + "/")
        choice = choose(self._settings, tried=lambda candidate: notify.doing(f"trying {candidate.name}"))
        self._provider = choice.candidate.name
        notify.doing(f"loading the model on {self._provider}")
        model = LanguageModel.load(
            bundle.note_directory,
            threads=self._settings.threads,
            context=config.context,
            providers=choice.providers,
            failed=choice.failed,
        )
        self._strategy = strategy_of(model, config, grounded=self._grounded)
        warm()
        self._bundle = bundle

    def _writer(self, template_name: str) -> Writer:
        if self._strategy is None:
            raise UnavailableError("The note model is loading.", hint="Try again in a few seconds.")
        return self._strategy.writer(template_named(template_name))


def create_app(service: NoteService) -> Flask:
    """The routes of the note service."""
    app = web.create_service("appliance.note")

    @app.get("/health")
    def health() -> Response:
        """Whether the model is loaded, and which."""
        return web.send(service.health())

    @app.get("/templates")
    def templates() -> Response:
        """Note templates with their sections."""
        return web.send(
            [
                {
                    "name": template.name,
                    "title": template.title,
                    "sections": [{"name": section.name, "title": section.title} for section in template.sections],
                }
                for template in all_templates().values()
            ]
        )

    @app.post("/sessions")
    def open_session() -> Response:
        """Open a session for one note."""
        return web.send({"id": service.open(web.receive(Opening).template)}, 201)

    @app.post("/check")
    def check_note() -> Response:
        """Check a note against what was said; needs no model."""
        asked = web.receive(CheckRequest)
        return web.send(check(template_named(asked.template), asked.named_sections(), asked.turns))

    @app.put("/sessions/<name>/turns/<int:number>")
    def put_turn(name: str, number: int) -> Response:
        """Send the next turn; the same turn may be sent again."""
        received = service.worker.get(name).put_turn(number, web.receive(Turn))
        service.worker.wake()
        return web.send({"received_through": received})

    @app.post("/sessions/<name>/finish")
    def finish(name: str) -> Response:
        """End the visit; the rest of the note is written now."""
        service.worker.get(name).finish(web.receive(Ending).turns)
        service.worker.wake()
        return web.send({}, 202)

    @app.post("/sessions/<name>/cancel")
    def cancel(name: str) -> Response:
        """Stop writing after the current token."""
        service.worker.get(name).cancel()
        service.worker.wake()
        return web.send({}, 202)

    @app.get("/sessions/<name>/events")
    def events(name: str) -> Response:
        """Follow the note as it is written."""
        return web.event_stream(service.worker.get(name).events.stream(web.last_event_id()))

    @app.delete("/sessions/<name>")
    def delete(name: str) -> Response:
        """Forget a session."""
        service.worker.remove(name)
        return Response(status=204)

    return app


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until told to stop.

    Args:
        settings: The box's settings.
        listener: Listening socket.
    """
    service = NoteService(settings)
    service.worker.start()
    serve(Server(create_app(service), listener, service.worker.stop))
