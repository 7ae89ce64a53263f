"""How loud audio is, in whole numbers, so that box and page find the very same."""

from __future__ import annotations

from operator import mul

from appliance.audio import Pcm16


def plain_energies(samples: Pcm16, frame: int) -> list[int]:
    """The same as `appliance.speech.waveform.energies`, by the standard library."""
    frames = (samples[at : at + frame] for at in range(0, len(samples) - frame + 1, frame))
    return [sum(map(mul, part, part)) for part in frames]


try:
    from appliance.speech import waveform
except ImportError:
    # A page has no NumPy, which is a hundred times as fast.
    energies = plain_energies
else:
    energies = waveform.energies
