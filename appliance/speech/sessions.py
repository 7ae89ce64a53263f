"""What the speech service holds: the engine, the sessions, and the file transcriptions under way."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from appliance.audio import SAMPLE_RATE
from appliance.errors import ChartsideError, NotFoundError, UnavailableError
from appliance.runtime import notify
from appliance.settings import Settings
from appliance.speech.engine import SpeechEngine
from appliance.speech.intake import Receipt
from appliance.speech.live import LiveSession
from appliance.speech.rota import Source
from appliance.speech.scheduler import Scheduler
from appliance.speech.silero import SileroStream
from appliance.speech.speakers.encoder import VoiceEncoder
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.onnx_encoder import load_voice_encoder
from appliance.speech.speakers.parts import Earlier

_log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 600.0
"""A session without readers and without new chunks for this long is dropped; the kiosk can rebuild it from its journal."""
MOST_SESSIONS: Final = 32
"""Sessions at once: each open event stream holds a thread of the server."""
_SWEEP_SECONDS: Final = 30.0


class Health(msgspec.Struct, frozen=True):
    """State of the service."""

    status: str
    model: str
    bundle: str
    sessions: int


class _Entry:
    def __init__(self, session: LiveSession, now: float) -> None:
        self.session = session
        self.readers = 0
        self.active = now


class Sessions:
    """Opens, finds and drops sessions; loads the engine in the background so that the socket answers at once.

    Args:
        settings: The settings of the box.
        load: Makes the engine.
        load_voices: Makes the speaker model, or gives None: then no speaker is labelled.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings], SpeechEngine],
        load_voices: Callable[[Settings], VoiceEncoder | None] = load_voice_encoder,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_samples = settings.max_minutes * 60 * SAMPLE_RATE
        self._settings = settings
        self._load = load
        self._load_voices = load_voices
        self._voice_encoder: VoiceEncoder | None = None
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._scheduler: Scheduler | None = None
        self._model = ("", "")
        self._failure: ChartsideError | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._start, name="load", daemon=True).start()
        threading.Thread(target=self._sweep, name="sweep", daemon=True).start()

    def health(self) -> Health:
        """State of the service.

        Raises:
            UnavailableError: The model is still loading.
            ChartsideError: The model could not be loaded.
        """
        self._ready()
        with self._lock:
            return Health("ok", *self._model, len(self._entries))

    def open(self, first_sample: int, earlier: Sequence[Earlier] = ()) -> str:
        """Open a session.

        Args:
            first_sample: Position in the recording from which audio will be sent.
            earlier: The turns before it, from the first.

        Returns:
            The id of the session.

        Raises:
            UnavailableError: The model is not there yet, or too many sessions are open.
        """
        scheduler = self._ready()
        session = LiveSession(first_sample, self.max_samples, SileroStream, self.speaker_labels(earlier))
        name = secrets.token_urlsafe(12)
        with self._lock:
            if len(self._entries) >= MOST_SESSIONS:
                raise UnavailableError(
                    f"{MOST_SESSIONS} sessions are open; more are not served.", hint="Delete sessions that are finished."
                )
            self._entries[name] = _Entry(session, self._clock())
        scheduler.add(session)
        return name

    def speaker_labels(self, earlier: Sequence[Earlier] = ()) -> SpeakerLabels:
        """Labels for the turns of one recording, of which the earlier ones are known."""
        return SpeakerLabels(self._voice_encoder, earlier)

    def put(self, name: str, number: int, body: bytes) -> Receipt:
        """Give a chunk to a session; see `Intake.accept` for the errors."""
        receipt = self._touch(name).put(number, body)
        self._ready().wake()
        return receipt

    def finish(self, name: str, chunks: int, samples: int | None) -> None:
        """Declare the end of a session's audio; see `Intake.finish` for the errors."""
        self._touch(name).finish(chunks, samples)
        self._ready().wake()

    def events(self, name: str, after: int) -> Iterator[bytes]:
        """The event stream of a session from the event after id `after`."""
        entry = self._entry(name)
        return self._read(entry, after)

    def drop(self, name: str) -> None:
        """Forget a session and end its event streams.

        Raises:
            NotFoundError: There is no such session.
        """
        entry = self._entry(name)
        with self._lock:
            self._entries.pop(name, None)
        self._ready().remove(entry.session)
        entry.session.events.close()

    @contextlib.contextmanager
    def served(self, source: Source) -> Iterator[Callable[[], None]]:
        """Serve a source that is not a session; gives the call that announces its work."""
        scheduler = self._ready()
        scheduler.add(source)
        try:
            yield scheduler.wake
        finally:
            scheduler.remove(source)

    def drop_idle(self) -> None:
        """Drop the sessions that nobody reads and that got no chunk for `IDLE_SECONDS`."""
        oldest = self._clock() - IDLE_SECONDS
        with self._lock:
            idle = [name for name, entry in self._entries.items() if not entry.readers and entry.active < oldest]
        for name in idle:
            with contextlib.suppress(NotFoundError):
                self.drop(name)
        if idle:
            _log.info("dropped %d idle sessions", len(idle))

    def close(self) -> None:
        """End all sessions and the worker."""
        self._closed.set()
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            entry.session.events.close()
        if self._scheduler is not None:
            self._scheduler.stop()

    def _start(self) -> None:
        began = time.perf_counter()
        try:
            engine = self._load(self._settings)
            self._voice_encoder = self._load_voices(self._settings)
        except ChartsideError as error:
            self._failure = error
            _log.error("the speech model cannot be loaded: %s", error.message)
        except Exception as error:  # noqa: BLE001
            # A thread has no caller to tell: health does.
            self._failure = ChartsideError(f"Loading failed: {type(error).__name__}.", hint="Run `chartside doctor`.")
            _log.error("the speech model cannot be loaded", exc_info=error)
        else:
            if self._closed.is_set():
                return
            self._model = (engine.name, engine.bundle)
            self._scheduler = Scheduler(engine)
            _log.info("the model %s is loaded after %.1f s", engine.name, time.perf_counter() - began)
        finally:
            notify.ready()
        if self._failure is not None:
            self._answer_with_the_reason()

    def _answer_with_the_reason(self) -> None:
        """Give the signs of life that the scheduler would: a service without a model still answers, it does not hang."""
        alive = notify.SignOfLife()
        alive()
        while not self._closed.wait(alive.interval or None):
            alive()

    def _ready(self) -> Scheduler:
        if self._failure is not None:
            # A fresh exception each time: a raised one collects the tracebacks of all its callers.
            raise type(self._failure)(self._failure.message, hint=self._failure.hint)
        if self._scheduler is None:
            raise UnavailableError("The speech model is loading.", hint="Try again in a few seconds.")
        return self._scheduler

    def _entry(self, name: str) -> _Entry:
        with self._lock:
            entry = self._entries.get(name)
        if entry is None:
            raise NotFoundError("There is no such session.", hint="It was deleted, or the service restarted: open a new one.")
        return entry

    def _touch(self, name: str) -> LiveSession:
        entry = self._entry(name)
        entry.active = self._clock()
        return entry.session

    def _read(self, entry: _Entry, after: int) -> Iterator[bytes]:
        with self._lock:
            entry.readers += 1
        try:
            yield from entry.session.events.stream(after)
        finally:
            with self._lock:
                entry.readers -= 1
                entry.active = self._clock()

    def _sweep(self) -> None:
        while not self._closed.wait(_SWEEP_SECONDS):
            self.drop_idle()
