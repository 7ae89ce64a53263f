"""Audio as the box's models take it, in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from appliance.audio import Pcm16

Waveform = npt.NDArray[np.float32]
"""Samples, shape `[n]`, -1.0 to 1.0."""


def to_waveform(samples: Pcm16) -> Waveform:
    """Scale samples to float32 `[n]` in -1.0 to 1.0."""
    return np.asarray(samples, np.int16).astype(np.float32) / np.float32(32768.0)


def energies(samples: Pcm16, frame: int) -> list[int]:
    """Sum of the squares of the samples of each whole frame; what is left over at the end is not counted.

    Args:
        samples: The audio.
        frame: Samples per frame.
    """
    frames = np.asarray(samples, np.int16)[: len(samples) // frame * frame].astype(np.int64).reshape(-1, frame)
    found: list[int] = (frames * frames).sum(axis=1).tolist()
    return found
