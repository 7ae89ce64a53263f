from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest

from appliance.errors import InputError
from appliance.runtime.bundle import Bundle
from training.config import RECIPES, TuneConfig, read_config

torch = pytest.importorskip("torch", reason="needs the train extra: pip install 'chartside[train]'")
transformers = pytest.importorskip("transformers", reason="needs the train extra: pip install 'chartside[train]'")

from tokenizers import Tokenizer  # noqa: E402

from training.datasets.examples import Example  # noqa: E402
from training.tune import CHECKPOINT, LOSSES_FILE, plan_batches, tune  # noqa: E402

WORDS = "metformin insulin lisinopril aspirin thyroid calcium glucose potassium sodium iron".split()
EXAMPLES = [
    Example(f"<|im_start|>user\nI take {word}.<|im_end|>\n<|im_start|>assistant\n", f"Medications: {word}<|im_end|>", source)
    for word in WORDS
    for source in ("aci", "mts")
]
CONFIG = TuneConfig(rank=4, alpha=8, learning_rate=5e-3, tokens=6000, batch_tokens=200, longest=60)


@pytest.fixture(scope="module")
def tokenizer(default_bundle: Bundle) -> Tokenizer:
    return Tokenizer.from_file(str(default_bundle.note_directory / "tokenizer.json"))


def base(layers: int = 2) -> object:
    """The same random weights at every call."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=49152,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.15,
        tie_word_embeddings=True,
    )
    return transformers.LlamaForCausalLM(config).eval()


def losses(output: Path) -> list[float]:
    found: list[float] = json.loads((output / LOSSES_FILE).read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def finished(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("finished")
    adapter = tune(base(), tokenizer, EXAMPLES, CONFIG, output)
    assert adapter == output / "adapter"
    return output


def test_it_learns(finished: Path) -> None:
    found = losses(finished)
    assert sum(found[-5:]) / 5 < 0.6 * sum(found[:5]) / 5
    assert not (finished / CHECKPOINT).exists()


def test_an_interrupted_run_ends_like_an_uninterrupted_one(finished: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    calls = 0
    while tune(base(), tokenizer, EXAMPLES, CONFIG, tmp_path, minutes=0.5 / 60) is None:
        assert (tmp_path / CHECKPOINT).is_dir()
        calls += 1
    assert calls
    assert losses(tmp_path) == pytest.approx(losses(finished), abs=2e-3)


def test_a_damaged_checkpoint_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    assert tune(base(), tokenizer, EXAMPLES, CONFIG, tmp_path, minutes=0) is None
    state = tmp_path / CHECKPOINT / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(InputError, match="is damaged"):
        tune(base(), tokenizer, EXAMPLES, CONFIG, tmp_path)


def test_a_checkpoint_of_another_recipe_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    assert tune(base(), tokenizer, EXAMPLES, CONFIG, tmp_path, minutes=0) is None
    other = TuneConfig(rank=4, alpha=8, learning_rate=1e-3, tokens=6000, batch_tokens=200, longest=60)
    with pytest.raises(InputError, match="another learning_rate"):
        tune(base(), tokenizer, EXAMPLES, other, tmp_path)


def test_an_adapter_of_another_base_is_refused(finished: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not fit the base"):
        tune(base(layers=1), tokenizer, EXAMPLES, CONFIG, tmp_path, start=finished / "adapter")


def test_a_run_goes_on_from_an_adapter(finished: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    tune(base(), tokenizer, EXAMPLES, CONFIG, tmp_path, start=finished / "adapter")
    assert losses(tmp_path)[0] < 0.7 * losses(finished)[0]


def test_examples_that_are_all_too_long_are_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="None of the 20 examples has at most 5 tokens"):
        tune(base(), tokenizer, EXAMPLES, TuneConfig(longest=5), tmp_path)


def test_sources_are_seen_as_often_as_the_recipe_says(tokenizer: Tokenizer) -> None:
    from training.tune import _encode

    config = TuneConfig(weights={"aci": 3.0}, tokens=20_000, batch_tokens=200)
    encoded = _encode(EXAMPLES, tokenizer, config)
    sources = [example.source for example in EXAMPLES]
    seen = [sources[index] for batch in plan_batches(encoded, sources, config, 1) for index in batch]
    assert seen.count("aci") / seen.count("mts") == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_is_readable(path: Path) -> None:
    assert read_config(path).tokens > 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rank = ", "is malformed"),
        ("speed = 3", "names 'speed', which is not part of a recipe"),
        ('rank = "high"', "is malformed"),
        ("nothing = 1.5", "nothing is not between 0 and 1"),
        ("tokens = 0", "tokens is not positive"),
    ],
)
def test_a_bad_recipe_says_what_is_wrong(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=complaint):
        read_config(path)


def test_a_recipe_is_recorded_whole(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text("rank = 4", "utf-8")
    assert msgspec.json.decode(msgspec.json.encode(read_config(path))) == asdict(TuneConfig(rank=4))


def test_several_processes_learn_the_same_adapter(default_bundle: Bundle, tmp_path: Path) -> None:
    tokenizer = default_bundle.note_directory / "tokenizer.json"
    # What `accelerate launch` does for several GPUs, with processes on the CPU.
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    worker = Path(__file__).with_name("tune_worker.py")
    command = [*launch, str(worker), str(tokenizer), str(tmp_path)]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert result.returncode == 0, result.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"process-{rank}.pt", weights_only=True) for rank in range(2))
    assert first.keys() == second.keys()
    learned = [name for name in first if "lora_B" in name]
    assert learned
    assert all(first[name].abs().max() > 0 for name in learned)
    for name, weight in first.items():
        # The main process has rounded what it wrote to float16.
        torch.testing.assert_close(weight, second[name], atol=1e-3, rtol=1e-2)
