"""The one audio format that crosses process borders: PCM16, mono, 16 kHz, in numbered chunks of half a second.

Every chunk but the last of a recording holds exactly `CHUNK_SAMPLES` samples, so chunk number `n` always starts at sample
`n * CHUNK_SAMPLES`: a missing chunk is a gap of known place and length.
"""

from __future__ import annotations

from array import array
from typing import Final, TypeAlias

from appliance.errors import AudioError, TooLargeError

SAMPLE_RATE: Final = 16_000
"""Samples per second."""
SAMPLE_BYTES: Final = 2
"""Bytes per sample: signed 16 bit, little endian."""
CHUNK_SAMPLES: Final = 8_000
"""Samples in every chunk but the last: half a second."""
CHUNK_BYTES: Final = CHUNK_SAMPLES * SAMPLE_BYTES
"""Bytes in every chunk but the last."""
CHUNK_MIME_TYPE: Final = "audio/l16"
"""Type of a chunk without parameters (RFC 2586, but little endian)."""
CHUNK_MEDIA_TYPE: Final = f"{CHUNK_MIME_TYPE};rate={SAMPLE_RATE};channels=1"
"""Media type of a chunk."""

Pcm16: TypeAlias = "array[int]"
"""Samples as they travel, -32768 to 32767. An array of the standard library: a page has no NumPy."""


def parse_chunk(body: bytes) -> Pcm16:
    """Read the body of one chunk.

    Args:
        body: Raw PCM16 little-endian mono samples at 16 kHz.

    Returns:
        Samples, 1 to `CHUNK_SAMPLES`.

    Raises:
        AudioError: The body is empty or ends inside a sample.
        TooLargeError: The body holds more than `CHUNK_SAMPLES` samples.
    """
    if not body:
        raise AudioError("The audio chunk is empty.", hint=f"Send {CHUNK_BYTES} bytes of PCM16 mono 16 kHz audio.")
    if len(body) % SAMPLE_BYTES:
        raise AudioError(
            f"The audio chunk has {len(body)} bytes and ends inside a 16-bit sample.",
            hint="Send little-endian 16-bit samples only; check that the upload was not cut off.",
        )
    if len(body) > CHUNK_BYTES:
        raise TooLargeError(
            f"The audio chunk has {len(body)} bytes; a chunk holds at most {CHUNK_BYTES}.",
            hint="Split the recording into chunks of half a second at 16 kHz; check the sample rate.",
        )
    return array("h", body)
