from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_material import pcm, visit_audio

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.heard_events import PRINT_SIZE, Voice
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord
from appliance.speech.speakers.clustering import tell_apart
from appliance.speech.speakers.embedding import Float32, VoiceEncoder, load_voice_encoder, mel_frames, unit
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.parts import Earlier
from appliance.speech.speakers.roles import SURE, role_evidence
from appliance.speech.speakers.stretches import stretches
from appliance.speech.waveform import Waveform, to_waveform

CLINICIAN = (
    "Do you have any chest pain?",
    "I'm going to listen to your lungs.",
    "Let's raise your metformin to 1,000 milligrams.",
)
PATIENT = ("I've been so tired since my birthday.", "My husband says I snore.", "Do I have to stop my aspirin?")


def prints_of(voices: list[int], seconds: list[float], *, alike: float = 0.7, seed: int = 1) -> tuple[Float32, Float32]:
    """Voice prints of speakers by number; two speakers are `alike`, and short prints are noisy, as the model's are."""
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.normal(size=(256, 8)))[0].T
    centres = np.sqrt(alike) * basis[0] + np.sqrt(1 - alike) * basis[1:]
    lengths = np.array(seconds, np.float32)
    noise = random.normal(size=(len(voices), 256)) * np.sqrt(0.4 / lengths / 256)[:, None]
    return unit((centres[voices] + noise).astype(np.float32)), lengths


def test_mel_frames_are_those_of_librosa(visit: Pcm16) -> None:
    librosa = pytest.importorskip("librosa")
    audio = to_waveform(visit[: 10 * SAMPLE_RATE])
    expected = librosa.feature.melspectrogram(y=audio, sr=SAMPLE_RATE, n_fft=400, hop_length=160, n_mels=40).T
    np.testing.assert_allclose(mel_frames(audio), expected, rtol=1e-4, atol=1e-7)


def test_mel_frames_of_a_tone_are_as_librosa_0_11_gave_them() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE).astype(np.float32)
    frames = mel_frames(tone)
    assert frames.shape == (26, 40)
    np.testing.assert_allclose(frames[10, 4:7], [21.756968, 164.310852, 17.819235], rtol=1e-5)


@pytest.mark.parametrize("alike", [0.5, 0.7, 0.85])
@settings(max_examples=40, deadline=None)
@given(order=st.lists(st.sampled_from([0, 1]), min_size=2, max_size=40), data=st.data())
def test_two_voices_are_told_apart_whoever_speaks_when(alike: float, order: list[int], data: st.DataObject) -> None:
    seconds = data.draw(st.lists(st.floats(1.5, 12.0), min_size=len(order), max_size=len(order)))
    prints, lengths = prints_of(order, seconds, alike=alike)
    voices = tell_apart(prints, lengths)
    groups = [int(second) for second in voices.second]
    if voices.count == 2:
        assert groups in (order, [1 - side for side in order])
    else:
        assert len(set(order)) == 1 or (alike > 0.8 and len(order) < 12)


@pytest.mark.parametrize("seed", range(5))
def test_one_voice_is_one_voice(seed: int) -> None:
    voices = tell_apart(*prints_of([0] * 30, [2.0] * 30, seed=seed))
    assert voices.count == 1
    assert not voices.second.any()


def test_a_third_person_is_like_neither_voice() -> None:
    prints, seconds = prints_of([0, 1] * 10 + [2], [4.0] * 21, alike=0.3)
    voices = tell_apart(prints, seconds)
    assert voices.count == 2
    assert voices.likeness[:20].min() > 0.9
    assert voices.likeness[20] < 0.7


def test_no_prints_are_no_voices() -> None:
    assert tell_apart(np.empty((0, 256), np.float32), np.empty(0, np.float32)).count == 0


@pytest.mark.parametrize("text", CLINICIAN)
def test_a_clinician_asks_examines_and_plans(text: str) -> None:
    assert role_evidence(text) > 0


@pytest.mark.parametrize("text", PATIENT)
def test_a_patient_tells_of_themselves(text: str) -> None:
    assert role_evidence(text) < 0


@given(st.text())
def test_any_text_has_evidence_within_bounds(text: str) -> None:
    assert -4.0 <= role_evidence(text) <= 4.0


def spoken(*sentences: tuple[float, float, str]) -> tuple[Utterance, list[HeardWord]]:
    """An utterance with sentences from and to a second of the utterance, which begins at second 10."""
    start = 10 * SAMPLE_RATE
    voiced = tuple((start + int(first * SAMPLE_RATE), start + int(last * SAMPLE_RATE)) for first, last, _ in sentences)
    words = []
    for first, last, text in sentences:
        parts = text.split()
        each = (last - first) / len(parts)
        words += [HeardWord(part, first + n * each, first + (n + 1) * each, 0.9) for n, part in enumerate(parts)]
    return Utterance(start, pcm(np.ones(int((sentences[-1][1] + 0.3) * SAMPLE_RATE), np.int16)), voiced), words


def test_an_utterance_is_cut_in_the_pauses_between_sentences() -> None:
    utterance, words = spoken(
        (0.3, 1.5, "Any allergies?"), (2.0, 2.4, "No."), (2.5, 4.0, "None that I know."), (4.5, 6.0, "Good.")
    )
    found = stretches(utterance, words)
    assert [" ".join(word.text for word in stretch.words) for stretch in found] == [
        "Any allergies?",
        "No. None that I know.",
        "Good.",
    ]
    assert [stretch.end / SAMPLE_RATE for stretch in found] == [11.75, 14.25, utterance.end / SAMPLE_RATE]
    assert [round(len(stretch.voice) / SAMPLE_RATE, 2) for stretch in found] == [1.2, 1.9, 1.5]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cutting_loses_no_word_whatever_the_times_are(data: st.DataObject) -> None:
    second = st.floats(0, 8)
    times = data.draw(st.lists(st.tuples(second, second).map(sorted), min_size=1, max_size=12))
    words = [HeardWord(data.draw(st.sampled_from(["one", "two.", "three?"])), first, last, 0.5) for first, last in times]
    edges = sorted(data.draw(st.lists(st.integers(0, 8 * SAMPLE_RATE), min_size=2, max_size=10)))
    voiced = tuple(zip(edges[::2], edges[1::2], strict=False))
    found = stretches(Utterance(0, pcm(np.ones(8 * SAMPLE_RATE, np.int16)), voiced), words)
    assert [word.text for stretch in found for word in stretch.words] == [word.text for word in words]
    assert all(stretch.words and len(stretch.voice) for stretch in found)
    ends = [0, *(stretch.end for stretch in found)]
    assert ends == sorted(set(ends))
    for begin, stretch in zip(ends, found, strict=False):
        for word in stretch.words:
            assert begin / SAMPLE_RATE <= word.start <= word.end <= stretch.end / SAMPLE_RATE


def voice(side: int, seconds: float = 3.0) -> Voice:
    codes = np.zeros(PRINT_SIZE, np.int8)
    codes[side] = 127
    return Voice(codes.tobytes(), seconds)


def labelled(turns: list[tuple[str, Voice | None]]) -> SpeakerLabels:
    return SpeakerLabels(None, [Earlier(*turn) for turn in turns])


def test_labels_stay_unknown_until_the_roles_are_clear() -> None:
    labels = labelled([("Hello.", voice(0)), ("Hello.", voice(1))])
    assert list(labels.labels) == ["unknown", "unknown"]
    labels.add(CLINICIAN[0], voice(0))
    labels.add(PATIENT[0], voice(1))
    assert list(labels.labels) == ["clinician", "patient"] * 2


def test_a_turn_without_a_voice_stays_unknown_and_the_others_do_not() -> None:
    labels = labelled([(CLINICIAN[0], voice(0)), (CLINICIAN[1], None), (PATIENT[0], voice(1)), (PATIENT[1], voice(1))])
    assert labels.labels == ("clinician", "unknown", "patient", "patient")


def test_who_dictates_alone_is_the_clinician() -> None:
    assert set(labelled([(text, voice(0)) for text in CLINICIAN]).labels) == {"clinician"}


def test_roles_that_the_words_do_not_tell_are_unknown() -> None:
    assert abs(role_evidence("Lovely weather.")) < SURE
    assert set(labelled([("Lovely weather.", voice(side)) for side in (0, 1, 0, 1)]).labels) == {"unknown"}


def test_labels_do_not_depend_on_when_they_are_asked_for() -> None:
    turns = [(text, voice(side, 2.0 + n)) for n in range(3) for side, text in enumerate((CLINICIAN[n], PATIENT[n]))]
    one_by_one = SpeakerLabels(None)
    for text, heard in turns:
        one_by_one.add(text, heard)
    assert one_by_one.labels == labelled(list(turns)).labels


class Broken(VoiceEncoder):
    def __init__(self) -> None:
        pass

    def embed(self, pieces: object) -> Float32:
        raise RuntimeError(f"secret words {pieces}")


def test_a_broken_model_costs_labels_and_no_words(caplog: pytest.LogCaptureFixture) -> None:
    utterance, words = spoken((0.3, 1.5, "Any allergies?"), (2.0, 2.4, "No."))
    labels = SpeakerLabels(Broken())
    (part,) = labels.parts(utterance, words)
    assert part.words == tuple(words)
    assert (part.end, part.voice) == (utterance.end, None)
    labels.add("Any allergies? No.", part.voice)
    assert labels.labels == ("unknown",)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


class Mute(VoiceEncoder):
    def __init__(self) -> None:
        pass

    def embed(self, pieces: Sequence[Waveform]) -> Float32:
        return np.zeros((len(pieces), PRINT_SIZE), np.float32)


def test_a_voice_without_sound_is_no_voice() -> None:
    utterance, words = spoken((0.3, 1.5, "Any allergies?"), (2.0, 2.4, "No."))
    assert [part.voice for part in SpeakerLabels(Mute()).parts(utterance, words)] == [None]


def test_the_shortest_voice_can_be_given_back(encoder: VoiceEncoder) -> None:
    utterance = Utterance(0, pcm(np.ones(4800, np.int16)), ((4797, 4799),))
    (part,) = SpeakerLabels(encoder).parts(utterance, [HeardWord("No.", 0.0, 0.3, 0.5)])
    assert msgspec.json.decode(msgspec.json.encode(part.voice), type=Voice) == part.voice


def test_a_bundle_without_a_speaker_model_labels_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load_voice_encoder(Settings(bundle=tmp_path)) is None
    assert "speakers are not told apart" in caplog.text


@pytest.fixture(scope="module")
def encoder(default_bundle: Bundle) -> VoiceEncoder:
    return VoiceEncoder(default_bundle)


def test_a_voice_sounds_like_itself_loud_or_soft_long_or_short(encoder: VoiceEncoder) -> None:
    visit = to_waveform(visit_audio("type-2-diabetes"))

    def said(start: float, end: float) -> Waveform:
        return visit[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]

    him, soft, her, her_again = encoder.embed([said(1, 4.6), said(1, 4.6) * np.float32(0.02), said(5.1, 9.6), said(5.1, 6.5)])
    assert him @ soft > 0.999
    assert her @ her_again > 0.8
    assert him @ her < 0.7


def test_a_click_has_a_voice_print_too(encoder: VoiceEncoder) -> None:
    (vector,) = encoder.embed([np.zeros(1, np.float32)])
    assert np.isfinite(vector).all()
