from __future__ import annotations

import socket
import string
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra: pip install 'chartside[train]'")
transformers = pytest.importorskip("transformers", reason="needs the train extra: pip install 'chartside[train]'")

import tokenizers  # noqa: E402
from evaluation_visits import DIABETES  # noqa: E402

from appliance.errors import InputError  # noqa: E402
from training.evaluation.judge import Judge, NotJudged, local_model  # noqa: E402
from training.evaluation.neural import (  # noqa: E402
    BERTSCORE,
    BLEURT,
    NotRun,
    load_bertscore,
    load_bleurt,
    load_minilm,
    neural_metrics,
)

WORDS = "the patient takes metformin and lisinopril every day denies chest pain no fever".split()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights, as a model directory."""
    directory = tmp_path_factory.mktemp("encoder")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(WORDS)]
    (directory / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    transformers.BertModel(config).save_pretrained(directory)
    transformers.BertTokenizer(str(directory / "vocab.txt")).save_pretrained(directory)
    return directory


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("a metric reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


def test_without_weights_every_metric_says_why() -> None:
    found = {metric.name: metric for metric in neural_metrics()}
    bertscore, bleurt = found[BERTSCORE], found[BLEURT]
    assert isinstance(bertscore, NotRun)
    assert isinstance(bleurt, NotRun)
    assert bertscore.reason in {
        "The model microsoft/deberta-xlarge-mnli is not in the local Hugging Face cache.",
        "The package bert_score is not installed.",
    }
    assert bleurt.reason == "No BLEURT checkpoint was given."


@pytest.mark.parametrize("load", [load_bertscore, load_bleurt])
def test_a_directory_without_a_model_is_named(load: object, tmp_path: Path) -> None:
    assert callable(load)
    found = load(tmp_path / "nowhere")
    assert isinstance(found, NotRun)


@pytest.mark.filterwarnings("default")
def test_bertscore_runs_a_model_directory(encoder: Path) -> None:
    pytest.importorskip("bert_score", reason="needs bert-score")
    metric = load_bertscore(encoder)
    assert not isinstance(metric, NotRun), metric.reason
    same, other = metric.scores([" ".join(WORDS[:6])] * 2, [" ".join(WORDS[:6]), " ".join(WORDS[8:])])
    assert same == pytest.approx(1.0, abs=1e-4)
    assert other < same


def test_the_similarity_is_one_for_equal_texts_and_less_for_others(encoder: Path) -> None:
    metric = load_minilm(encoder)
    assert not isinstance(metric, NotRun), metric.reason
    texts = [" ".join(WORDS[:6]), " ".join(WORDS[8:]), "fever " * 400]
    equal = metric.scores(texts, texts)
    assert equal == pytest.approx([1.0, 1.0, 1.0], abs=1e-4)
    assert metric.scores(texts[:1], texts[1:2])[0] < 0.999
    # Padding of a batch changes nothing.
    assert metric.scores(texts, texts[::-1])[0] == pytest.approx(metric.scores(texts[:1], texts[2:])[0], abs=1e-4)


def test_a_judge_may_be_a_model_directory_and_nonsense_is_not_judged(tmp_path: Path) -> None:
    letters = {letter: number for number, letter in enumerate(["[UNK]", "<end>", *string.printable])}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(letters, unk_token="[UNK]"))  # noqa: S106  # tokens of text
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<end>", unk_token="[UNK]")  # noqa: S106
    tokenizer.chat_template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(letters),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=1,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path)
    found = Judge("random", local_model(tmp_path), attempts=1).judge(DIABETES, DIABETES.note)
    assert isinstance(found, NotJudged)
    assert "no JSON object" in found.reason
    with pytest.raises(InputError, match="There is no model"):
        local_model(tmp_path / "nowhere")


def test_a_damaged_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    found = load_bertscore(tmp_path)
    assert isinstance(found, NotRun)
    assert isinstance(load_minilm(tmp_path), NotRun)
