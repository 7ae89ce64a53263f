"""An engine of the page, driven through the messages of its worker."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page, Request

from appliance.kiosk.page import PAGE_DIR

_PATIENCE_MS: Final = 120_000
_START: Final = """(url) => {
  const worker = new Worker(url, { type: "module" });
  const waiting = new Map();
  const engine = { events: [], progress: [], failure: "", asked: 0 };
  worker.onerror = (event) => { engine.failure = event.message || "worker failed"; };
  worker.onmessage = ({ data }) => {
    if (data.kind === "events") { engine.events.push(...data.events); engine.bytes = data.bytes; }
    else if (data.kind === "progress") engine.progress.push(data.progress);
    else { waiting.get(data.id)(data); waiting.delete(data.id); }
  };
  engine.ask = (question) => new Promise((resolve) => {
    waiting.set(++engine.asked, resolve);
    worker.postMessage({ id: engine.asked, question });
  });
  engine.stop = () => worker.terminate();
  window.engine = engine;
}"""


class ProblemError(Exception):
    """What the engine answered instead; the message is its sentence and its hint."""


class DeviceDriver:
    """A worker of an engine in a tab.

    Args:
        page: A tab of a context from `new_context`.
        origin: Address of the kiosk.
        worker: Name of the worker's file.
    """

    def __init__(self, page: Page, origin: str, worker: str = "worker") -> None:
        self.page = page
        self._worker = worker
        self._origin = origin
        self.off_origin: list[str] = []
        """Addresses of other origins that anything in the tab asked for. Must stay empty."""
        self.errors: list[str] = []
        self.ranges: list[str] = []
        """The `Range` of every request for a model file; empty where the whole was asked for."""
        page.context.on("request", self._on_request)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(_PATIENCE_MS)
        page.goto("/bench")
        self.start()

    def start(self) -> None:
        """Start a worker; one that runs is left alone."""
        (worker,) = (PAGE_DIR / "assets").glob(f"{self._worker}-*.js")
        self.page.evaluate(_START, f"/assets/{worker.name}")

    def restart(self) -> None:
        """End the worker and start another one."""
        self.page.evaluate("engine.stop()")
        self.start()

    def ask(self, ask: str, **members: object) -> Any:
        """Ask and wait for the answer.

        Raises:
            ProblemError: The engine said no.
        """
        reply = self.page.evaluate("(question) => engine.ask(question)", {"ask": ask, **members})
        if reply["kind"] == "problem":
            raise ProblemError(f"{reply['problem']['detail']} {reply['problem']['hint']}")
        return reply.get("value")

    def events(self) -> list[dict[str, Any]]:
        """What has happened to the note so far."""
        found: list[dict[str, Any]] = self.page.evaluate("engine.events")
        return found

    def wait_for(self, event: str, timeout: float) -> Any:
        """The data of an event, waited for at most so many seconds."""
        found = f"engine.events.find((event) => event.name === {event!r})"
        return self.page.wait_for_function(f"() => {found}?.data", timeout=timeout * 1000).json_value()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self._origin}/", f"blob:{self._origin}/")):
            self.off_origin.append(request.url)
        if "/api/models/" in request.url:
            self.ranges.append(request.headers.get("range", ""))
