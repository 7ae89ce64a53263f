"""Whole audio files of any common format: checked first, then decoded piece by piece, never written to disk."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
import av.container
import av.error
import av.stream

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.errors import AudioError, TooLargeError

# Only formats that hold one recording: a playlist in an upload must not make the decoder open other files.
_FORMATS: Final = (
    "aac", "aiff", "amr", "asf", "au", "caf", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mp3", "ogg", "w64", "wav",
)  # fmt: skip
_OPTIONS: Final = {"format_whitelist": ",".join(_FORMATS), "protocol_whitelist": ""}
_HINT: Final = "Send one recording as WAV, FLAC, MP3, M4A, Ogg or WebM; for live audio use a session."
_TRIAL_PACKETS: Final = 50
_BLOCK: Final = 10 * SAMPLE_RATE
_UNKNOWN_RIFF_SIZE: Final = 0x7FF0_0000  # programs that record into a pipe write a length near 2 or 4 GiB
_OGG_PAGE: Final = b"OggS"
_OGG_HEADER: Final = 27
_OGG_LAST: Final = 4
_LONGEST_OGG_PAGE: Final = 65_307
_CUT_SECONDS: Final = 1.0
_CUT_SHARE: Final = 0.02


@dataclass(frozen=True)
class AudioFile:
    """A file that was found to be audio.

    Args:
        body: The bytes, seekable.
        duration: Length in seconds.
    """

    body: BinaryIO
    duration: float

    def blocks(self) -> Iterator[Pcm16]:
        """The audio as PCM16 mono 16 kHz in blocks of about ten seconds.

        Raises:
            AudioError: The file is damaged beyond what the decoder can skip.
        """
        self.body.seek(0)
        block: Pcm16 = array("h")
        with _open(self.body) as container:
            for part in _decode(container):
                block += part
                if len(block) >= _BLOCK:
                    yield block
                    block = array("h")
        if block:
            yield block


def open_audio(body: BinaryIO, max_seconds: float) -> AudioFile:
    """Check that bytes are a whole audio file, without decoding all of it.

    Args:
        body: The bytes, seekable.
        max_seconds: Longest recording.

    Raises:
        AudioError: Empty, not audio, without sound, damaged or cut off.
        TooLargeError: Longer than `max_seconds`.
    """
    body.seek(0)
    if not body.read(1):
        raise AudioError("The audio file is empty.", hint=_HINT)
    _check_riff(body)
    _check_ogg(body)
    body.seek(0)
    with _open(body) as container:
        announced = (container.duration or 0) / av.time_base
        _check_length(announced, max_seconds)
        if not _sounds(container):
            raise AudioError("The file holds no sound that can be decoded.", hint=_HINT)
    body.seek(0)
    with _open(body) as container:
        found = _measure(container, max_seconds)
    if announced - found > max(_CUT_SECONDS, _CUT_SHARE * announced):
        raise AudioError(
            f"The audio file announces {announced:.0f} seconds but ends after {found:.0f}.",
            hint="The file was cut off; send it again.",
        )
    return AudioFile(body, found)


def _check_riff(body: BinaryIO) -> None:
    """Compare the length in a WAV header with the file's, which the decoder takes as it is."""
    body.seek(0)
    if body.read(4) != b"RIFF":
        return
    announced = int.from_bytes(body.read(4), "little") + 8
    size = body.seek(0, io.SEEK_END)
    if size < announced < _UNKNOWN_RIFF_SIZE:
        raise AudioError(
            f"The WAV file announces {announced} bytes but ends after {size}.", hint="The file was cut off; send it again."
        )


def _check_ogg(body: BinaryIO) -> None:
    """Find the end-of-stream mark on the last page of an Ogg file (RFC 3533, section 6); its header gives no length."""
    body.seek(0)
    if body.read(4) != _OGG_PAGE:
        return
    size = body.seek(0, io.SEEK_END)
    body.seek(max(0, size - _LONGEST_OGG_PAGE))
    tail = body.read()
    page = tail[tail.rfind(_OGG_PAGE) :]
    whole = len(page) >= _OGG_HEADER and len(page) >= _OGG_HEADER + page[26] + sum(page[_OGG_HEADER:][: page[26]])
    if not whole or not page[5] & _OGG_LAST:
        raise AudioError("The Ogg file ends before its last page.", hint="The file was cut off; send it again.")


def _open(body: BinaryIO) -> av.container.InputContainer:
    try:
        container = av.open(body, mode="r", options=dict(_OPTIONS), metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioError("The bytes are not an audio file.", hint=_HINT) from error
    if not container.streams.audio:
        container.close()
        raise AudioError("The file has no audio track.", hint=_HINT)
    return container


def _sounds(container: av.container.InputContainer) -> bool:
    try:
        for number, packet in enumerate(container.demux(container.streams.audio[0])):
            if any(frame.samples for frame in _frames(packet)):
                return True
            if number >= _TRIAL_PACKETS:
                return False
    except av.error.FFmpegError:
        pass
    return False


def _measure(container: av.container.InputContainer, max_seconds: float) -> float:
    stream = container.streams.audio[0]
    first: float | None = None
    end = 0.0
    try:
        for packet in container.demux(stream):
            if packet.pts is None or packet.time_base is None:
                continue
            at = float(packet.pts * packet.time_base)
            first = at if first is None else first
            end = max(end, at + float((packet.duration or 0) * packet.time_base) - first)
            _check_length(end, max_seconds)
    except av.error.FFmpegError as error:
        raise AudioError(f"The audio file is damaged after {end:.0f} seconds.", hint="Send it again.") from error
    return end


def _decode(container: av.container.InputContainer) -> Iterator[Pcm16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    try:
        for packet in container.demux(container.streams.audio[0]):
            for frame in _frames(packet):
                frame.pts = None
                yield from map(_samples, resampler.resample(frame))
        yield from map(_samples, resampler.resample(None))
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioError("The audio file is damaged.", hint="Send it again, or convert it to WAV first.") from error


def _samples(frame: av.AudioFrame) -> Pcm16:
    return array("h", frame.to_ndarray().tobytes())


def _frames(packet: av.Packet[av.AudioStream]) -> list[av.AudioFrame]:
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return []  # one broken packet is a click, not the end of the recording


def _check_length(seconds: float, max_seconds: float) -> None:
    if seconds > max_seconds:
        raise TooLargeError(
            f"The recording is longer than {max_seconds / 60:.0f} minutes.",
            hint="Cut it into parts; the setting max_minutes raises the limit.",
        )
