"""What a page asks of the speech engine. JSON goes in and comes out, in the shapes of the speech service's HTTP API."""

from __future__ import annotations

import functools
import sys
from array import array
from typing import Final

import msgspec

from appliance.audio import Pcm16
from appliance.device.engine import Block
from appliance.device.hearing import PageWhisper, SpeechBridge
from appliance.device.manifest import read_manifest
from appliance.device.telling import Unread
from appliance.errors import InputError, NotFoundError
from appliance.heard_events import PRINT_SIZE
from appliance.speech.engine import SpeechEngine
from appliance.speech.live import LiveSession
from appliance.speech.rota import Rota
from appliance.speech.speakers.clustering import Print
from appliance.speech.speakers.encoder import VoiceEncoder
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.parts import Earlier
from appliance.speech.voice import FRAME, Listen

_CONTEXT: Final = 64
_STATE: Final = 256


class PageVoice:
    """Voice detection behind a bridge. See `appliance.speech.voice.VoiceStream`.

    Args:
        bridge: The worker of the page, with the bundle's speech model loaded.
    """

    def __init__(self, bridge: SpeechBridge) -> None:
        self._bridge: Final = bridge
        self._context: Pcm16 = array("h", bytes(2 * _CONTEXT))
        self._state = array("f", bytes(4 * _STATE))

    def hear(self, frames: Pcm16) -> array[float]:
        """See `VoiceStream.hear`."""
        found = array("f")
        found.frombytes(self._bridge.voice(self._context + frames, self._state).to_memoryview().cast("B"))
        self._context = frames[-_CONTEXT:]
        probabilities, self._state = found[: len(frames) // FRAME], found[len(frames) // FRAME :]
        return probabilities


class PageVoiceEncoder:
    """The speaker model behind a bridge. See `appliance.speech.speakers.encoder.VoiceEncoder`.

    Args:
        bridge: The worker of the page, with the bundle's speaker model loaded.
    """

    def __init__(self, bridge: SpeechBridge) -> None:
        self._bridge: Final = bridge

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:
        """See `VoiceEncoder.embed`."""
        found = array("f")
        found.frombytes(self._bridge.embed(samples, starts, length).to_memoryview().cast("B"))
        return [found[at : at + PRINT_SIZE] for at in range(0, len(found), PRINT_SIZE)]


class Transcriber:
    """Transcribes recordings while they arrive, one at a time.

    Args:
        engine: Hears.
        listen: Begins voice detection.
        encoder: Tells how a voice sounds; None leaves every turn `unknown`.
    """

    def __init__(self, engine: SpeechEngine, listen: Listen, encoder: VoiceEncoder | None) -> None:
        self._engine: Final = engine
        self._listen: Final = listen
        self._encoder: Final = encoder
        self._session: LiveSession | None = None

    def open(self, first_sample: int, earlier: str) -> None:
        """Begin a recording; one that is being transcribed is given up.

        Args:
            first_sample: Position in the recording from which audio will be sent.
            earlier: The turns before it, from the first, as `POST /sessions` of the speech service wants them.

        Raises:
            InputError: These turns do not fit.
        """
        try:
            known = msgspec.json.decode(earlier, type=tuple[Earlier, ...])
        except msgspec.MsgspecError as error:
            raise InputError(f"The turns so far do not fit: {error}.", hint="Reload the page.") from error
        # How long a recording may be is for the box to say.
        self._session = LiveSession(first_sample, sys.maxsize, self._listen, SpeakerLabels(self._encoder, known))
        self._unread = Unread(self._session.events)
        self._rota = Rota(self._engine)
        self._rota.add(self._session)

    def put(self, number: int, body: Block) -> None:
        """Take one chunk; see `Intake.accept` for its form and the errors."""
        self._opened().put(number, bytes(body.to_memoryview()))

    def finish(self, chunks: int, samples: int | None = None) -> None:
        """Declare the end; see `Intake.finish` for the errors."""
        self._opened().finish(chunks, samples)

    def step(self) -> bool:
        """Run one pass over the audio so far; returns whether there was anything to do."""
        return self._session is not None and self._rota.serve_one()

    def events(self) -> str:
        """The events since the last call: a JSON list of `appliance.device.telling.Event`.

        Raises:
            NotFoundError: No recording was begun.
        """
        self._opened()
        return self._unread.take()

    def _opened(self) -> LiveSession:
        if self._session is None:
            raise NotFoundError("No recording is being transcribed.", hint="Open one first.")
        return self._session


def page_transcriber(bridge: SpeechBridge, vocabulary: str, manifest: str) -> Transcriber:
    """A transcriber over the bundle's speech model in the browser.

    Args:
        bridge: The worker of the page, with the model loaded.
        vocabulary: The model's list of tokens, one a line.
        manifest: The bundle's `bundle.json`.

    Raises:
        BundleError: The manifest or the list is damaged, or of a form that this version does not read.
    """
    found = read_manifest(manifest)
    whisper = PageWhisper(bridge, vocabulary, found.speech.model, found.label)
    encoder = PageVoiceEncoder(bridge) if found.speaker_graph else None
    return Transcriber(whisper, functools.partial(PageVoice, bridge), encoder)
