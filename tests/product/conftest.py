from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chartside_process import Chartside, Microphone
from faster_whisper import decode_audio
from page_driver import MICROPHONE_RATE, write_microphone
from sample_visits import SampleVisit

from appliance.runtime.bundle import Bundle

LEAD_IN_SECONDS = 1.0


@pytest.fixture(scope="module")
def chartside(default_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chartside]:
    with Chartside(tmp_path_factory.mktemp("chartside"), default_bundle) as running:
        yield running


@pytest.fixture
def microphone(tmp_path: Path) -> Microphone:
    """Makes a fake microphone that plays a sample visit, and says how long it lasts in seconds."""

    def make(visit: SampleVisit, seconds: float | None = None) -> tuple[Path, float]:
        samples = decode_audio(str(visit.audio), sampling_rate=MICROPHONE_RATE)
        if seconds is not None:
            samples = samples[: int(seconds * MICROPHONE_RATE)]
        silence = np.zeros(int(LEAD_IN_SECONDS * MICROPHONE_RATE), np.int16)
        pcm = np.concatenate([silence, (samples * 32767).astype(np.int16)])
        return write_microphone(tmp_path / f"{visit.name}.wav", pcm), len(pcm) / MICROPHONE_RATE

    return make
