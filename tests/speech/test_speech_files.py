from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from speech_material import joined

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.errors import AudioError, TooLargeError
from appliance.speech.files import open_audio

HOUR = 3600.0
TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(20 * 44_100) / 44_100)).astype(np.int16)


def encoded(
    container: str, codec: str, samples: npt.NDArray[np.int16] = TONE, rate: int = 44_100, channels: str = "stereo"
) -> bytes:
    body = io.BytesIO()
    with av.open(body, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=channels)
        assert isinstance(stream, av.AudioStream)
        count = 2 if channels == "stereo" else 1
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, count)[None], format="s16", layout=channels)
        frame.rate = rate
        resampler = av.AudioResampler(stream.format, channels, rate, frame_size=stream.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return body.getvalue()


def read(body: bytes, limit: float = HOUR) -> Pcm16:
    return joined(open_audio(io.BytesIO(body), limit).blocks())


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 44_100),
        ("flac", "flac", 44_100),
        ("mp3", "libmp3lame", 44_100),
        ("mp4", "aac", 44_100),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
    ],
)
def test_common_formats_become_mono_16_khz(container: str, codec: str, rate: int) -> None:
    samples = np.resize(TONE, 20 * rate)
    body = encoded(container, codec, samples, rate)
    file = open_audio(io.BytesIO(body), HOUR)
    assert file.duration == pytest.approx(20, abs=0.2)
    audio = read(body)
    assert len(audio) / SAMPLE_RATE == pytest.approx(20, abs=0.2)
    spectrum = np.abs(np.fft.rfft(audio[SAMPLE_RATE : 2 * SAMPLE_RATE]))
    assert spectrum.argmax() == pytest.approx(440 * rate / 44_100, abs=2)


@pytest.mark.parametrize("body", [b"", b"\0", b"Dear doctor, " * 500, bytes(range(256)) * 400, bytes(100_000)])
def test_what_is_not_audio_is_refused_with_a_hint(body: bytes) -> None:
    with pytest.raises(AudioError) as caught:
        open_audio(io.BytesIO(body), HOUR)
    assert caught.value.hint


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "other.wav"
    secret.write_bytes(encoded("wav", "pcm_s16le"))
    for playlist in (f"ffconcat version 1.0\nfile '{secret}'\n", f"#EXTM3U\n#EXTINF:20,\n{secret}\n#EXT-X-ENDLIST\n"):
        with pytest.raises(AudioError):
            open_audio(io.BytesIO(playlist.encode()), HOUR)


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("mp4", "aac"), ("ogg", "libopus")])
def test_a_file_that_was_cut_off_is_refused(container: str, codec: str) -> None:
    body = encoded(container, codec, rate=48_000)
    with pytest.raises(AudioError, match=r"ends after|ends before|not an audio file|damaged"):
        open_audio(io.BytesIO(body[: len(body) // 2]), HOUR)


def test_a_video_without_sound_is_refused() -> None:
    body = io.BytesIO()
    with av.open(body, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio track"):
        open_audio(io.BytesIO(body.getvalue()), HOUR)


class Counting(io.BytesIO):
    """Counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def test_a_three_hour_file_is_refused_before_it_is_read() -> None:
    body = io.BytesIO()
    with wave.open(body, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(8000)
        output.writeframes(bytes(2 * 8000 * 3600 * 3))
    counting = Counting(body.getvalue())
    with pytest.raises(TooLargeError, match="120 minutes"):
        open_audio(counting, 2 * HOUR)
    assert counting.taken < 1_000_000


def test_a_long_file_whose_header_does_not_tell_is_counted() -> None:
    body = encoded("adts", "aac", channels="mono")
    with pytest.raises(TooLargeError):
        open_audio(io.BytesIO(body * 4), 60.0)


def test_a_recording_from_a_pipe_has_no_true_length_in_its_header() -> None:
    body = bytearray(encoded("wav", "pcm_s16le"))
    body[4:8] = struct.pack("<I", 2**32 - 1)
    assert open_audio(io.BytesIO(bytes(body)), HOUR).duration == pytest.approx(20, abs=0.1)


def test_blocks_bound_the_memory() -> None:
    blocks = list(open_audio(io.BytesIO(encoded("flac", "flac")), HOUR).blocks())
    assert len(blocks) >= 2
    assert all(len(block) < 12 * SAMPLE_RATE for block in blocks)
