from __future__ import annotations

from array import array
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
from appliance.speech.speakers.clustering import Print, Prints, dot, tell_apart, unit
from appliance.speech.speakers.encoder import VoiceEncoder, voice_print
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.onnx_encoder import OnnxVoiceEncoder, load_voice_encoder
from appliance.speech.speakers.parts import Earlier
from appliance.speech.speakers.roles import SURE, role_evidence
from appliance.speech.speakers.stretches import stretches

CLINICIAN = (
    "Do you have any chest pain?",
    "I'm going to listen to your lungs.",
    "Let's raise your metformin to 1,000 milligrams.",
)
PATIENT = ("I've been so tired since my birthday.", "My husband says I snore.", "Do I have to stop my aspirin?")


def prints_of(voices: list[int], seconds: list[float], *, alike: float = 0.7, seed: int = 1) -> Prints:
    """Voice prints of speakers by number; two speakers are `alike`, and short prints are noisy, as the model's are."""
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.normal(size=(256, 8)))[0].T
    centres = np.sqrt(alike) * basis[0] + np.sqrt(1 - alike) * basis[1:]
    noise = random.normal(size=(len(voices), 256)) * np.sqrt(0.4 / np.array(seconds) / 256)[:, None]
    return Prints(zip(map(unit, (centres[voices] + noise).tolist()), seconds, strict=True))


@pytest.mark.parametrize("alike", [0.5, 0.7, 0.85])
@settings(max_examples=40, deadline=None)
@given(order=st.lists(st.sampled_from([0, 1]), min_size=2, max_size=40), data=st.data())
def test_two_voices_are_told_apart_whoever_speaks_when(alike: float, order: list[int], data: st.DataObject) -> None:
    seconds = data.draw(st.lists(st.floats(1.5, 12.0), min_size=len(order), max_size=len(order)))
    voices = tell_apart(prints_of(order, seconds, alike=alike))
    groups = [int(second) for second in voices.second]
    if voices.count == 2:
        assert groups in (order, [1 - side for side in order])
    else:
        assert len(set(order)) == 1 or (alike > 0.8 and len(order) < 12)


@pytest.mark.parametrize("seed", range(5))
def test_one_voice_is_one_voice(seed: int) -> None:
    voices = tell_apart(prints_of([0] * 30, [2.0] * 30, seed=seed))
    assert voices.count == 1
    assert not any(voices.second)


def test_a_third_person_is_like_neither_voice() -> None:
    voices = tell_apart(prints_of([0, 1] * 10 + [2], [4.0] * 21, alike=0.3))
    assert voices.count == 2
    assert min(voices.likeness[:20]) > 0.9
    assert voices.likeness[20] < 0.7


def test_no_prints_are_no_voices() -> None:
    assert tell_apart(Prints()).count == 0


@settings(max_examples=40, deadline=None)
@given(order=st.lists(st.sampled_from([0, 1, 1, 2]), min_size=1, max_size=30), data=st.data())
def test_the_voices_fit_as_well_as_in_numpy(order: list[int], data: st.DataObject) -> None:
    """How alike each print is to its voice, from the vectors themselves and the groups that were found."""
    seconds = data.draw(st.lists(st.floats(0.2, 12.0), min_size=len(order), max_size=len(order)))
    prints = prints_of(order, seconds, alike=0.5)
    found = tell_apart(prints)
    vectors, weights = np.array(prints.vectors), np.array(seconds)
    sides = [np.array(found.second) == side for side in (False, True)[: found.count]]
    voices = np.stack([unit(weights[side] @ vectors[side]) for side in sides])
    own = np.array([product[int(side)] for product, side in zip(vectors @ voices.T, found.second, strict=True)])
    np.testing.assert_allclose(found.likeness, own * np.sqrt(1 + 0.4 / weights), atol=1e-9)
    if found.count == 2:
        other = np.array([product[int(not side)] for product, side in zip(vectors @ voices.T, found.second, strict=True)])
        np.testing.assert_allclose(found.certainty, (own - other) / (own * (1 - voices[0] @ voices[1])), atol=1e-9)
        assert (own >= other).all()  # 2-means has come to its end


def test_prints_and_more_leave_the_first_as_they_were() -> None:
    prints = prints_of([0, 1], [2.0, 2.0])
    more = prints.and_these([(prints.vectors[0], 1.0)])
    assert (len(prints), len(more)) == (2, 3)
    assert more.alike[2] == pytest.approx([1.0, prints.alike[0][1], 1.0])
    assert [len(row) for row in prints.alike] == [2, 2]


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
    assert [round(len(stretch.speech) / SAMPLE_RATE, 2) for stretch in found] == [1.2, 1.9, 1.5]


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
    assert all(stretch.words and len(stretch.speech) for stretch in found)
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


class Broken:
    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:
        raise RuntimeError(f"secret words {samples} {starts} {length}")


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


class Mute:
    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:  # noqa: ARG002
        return [[0.0] * PRINT_SIZE for _ in starts]


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
    return OnnxVoiceEncoder(default_bundle)


def test_a_voice_sounds_like_itself_loud_or_soft_long_or_short(encoder: VoiceEncoder) -> None:
    visit = visit_audio("type-2-diabetes")

    def said(start: float, end: float, loudness: float = 1.0) -> Print:
        piece = visit[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        return voice_print(encoder, array("h", (round(sample * loudness) for sample in piece)))

    him, soft, her, her_again = said(1, 4.6), said(1, 4.6, 0.02), said(5.1, 9.6), said(5.1, 6.5)
    assert dot(him, soft) > 0.999
    assert dot(her, her_again) > 0.8
    assert dot(him, her) < 0.7


def test_a_click_has_a_voice_print_too(encoder: VoiceEncoder) -> None:
    assert np.isfinite(voice_print(encoder, array("h", [0]))).all()
