"""Two voices in a heap of voice prints.

Spherical 2-means (Dhillon and Modha 2001, doi 10.1023/A:1007612920971), weighted by the seconds of each print, with one
correction: a print of little speech is noisy, so that two prints of one voice look less alike than they are. Over the sample
visits the noise fits a variance of 0.4 per second of speech, which is taken out before voices are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from appliance.speech.speakers.embedding import Float32, unit

_NOISE: Final = 0.4  # variance times seconds
_ONE_VOICE: Final = 0.93  # halves of one voice were 0.98 and more alike, two voices of one sex up to 0.90
_ROUNDS: Final = 20
_ENOUGH: Final = 1.0  # seconds of a print that may stand for a voice at the start


@dataclass(frozen=True)
class Voices:
    """Which of two voices said what."""

    second: npt.NDArray[np.bool_]
    """Per print, whether the second voice said it, shape `[n]`; with one voice all are False."""
    certainty: Float32
    """Per print, shape `[n]`: about 1 at its own voice, 0 half way between the two. Zeros with one voice."""
    likeness: Float32
    """Per print, how like its voice it is, shape `[n]`, at most about 1: little for a third person."""
    count: int
    """1 or 2; 0 without prints."""


def tell_apart(prints: Float32, seconds: Float32) -> Voices:
    """Group voice prints by two voices.

    Args:
        prints: Vectors of length 1, shape `[n, d]`.
        seconds: Speech in each, shape `[n]`, above 0.

    Returns:
        The groups; one voice if there is no second that is clearly another.
    """
    if not len(prints):
        return Voices(np.zeros(0, np.bool_), np.zeros(0, np.float32), np.zeros(0, np.float32), 0)
    best = max((_two_means(prints, seconds, start) for start in _starts(prints, seconds)), key=lambda found: found[0])
    _, second = best
    if not second.any() or second.all() or _alike(prints, seconds, second) > _ONE_VOICE:
        own = prints @ _voice(prints, seconds)
        return Voices(np.zeros(len(prints), np.bool_), np.zeros(len(prints), np.float32), _without_noise(own, seconds), 1)
    voices = np.stack([_voice(prints[side], seconds[side]) for side in (~second, second)])
    products = prints @ voices.T
    own, other = products.max(axis=1), products.min(axis=1)
    certainty = (own - other) / np.maximum(own * (1 - float(voices[0] @ voices[1])), np.float32(1e-6))
    return Voices(second, certainty, _without_noise(own, seconds), 2)


def _starts(prints: Float32, seconds: Float32) -> list[npt.NDArray[np.bool_]]:
    """Two first guesses: the halves along the direction of most variance, and the two prints that are least alike."""
    centred = (prints - np.average(prints, axis=0, weights=seconds)) * np.sqrt(seconds)[:, None]
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    likeness = prints @ prints.T
    short = seconds < min(_ENOUGH, float(seconds.max()))
    likeness[short] = likeness[:, short] = 1.0
    first, last = np.unravel_index(int(likeness.argmin()), likeness.shape)
    return [centred @ direction > 0, prints @ prints[last] > prints @ prints[first]]


def _two_means(prints: Float32, seconds: Float32, second: npt.NDArray[np.bool_]) -> tuple[float, npt.NDArray[np.bool_]]:
    """How well two voices fit, and which prints are the second's."""
    for _ in range(_ROUNDS):
        if second.all() or not second.any():
            return -1.0, second
        products = prints @ np.stack([_voice(prints[side], seconds[side]) for side in (~second, second)]).T
        before, second = second, products[:, 1] > products[:, 0]
        if (second == before).all():
            break
    return float(seconds @ products.max(axis=1)), second


def _alike(prints: Float32, seconds: Float32, second: npt.NDArray[np.bool_]) -> float:
    sides = (~second, second)
    product = float(_voice(prints[sides[0]], seconds[sides[0]]) @ _voice(prints[sides[1]], seconds[sides[1]]))
    noise = [1 + _NOISE / float(seconds[side].sum()) for side in sides]
    return product * float(np.sqrt(noise[0] * noise[1]))


def _voice(prints: Float32, seconds: Float32) -> Float32:
    return unit(seconds @ prints)


def _without_noise(own: Float32, seconds: Float32) -> Float32:
    return np.asarray(own * np.sqrt(1 + _NOISE / seconds), np.float32)
