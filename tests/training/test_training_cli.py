from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from training.synth import generate
from training.visits import write_jsonl


def train(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("chartside-train")
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False)


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in " ".join(result.stderr.split())


def test_the_score_card_ends_with_its_line() -> None:
    result = train("score")
    assert result.returncode == 0, result.stderr
    line = (
        r"score: aci_test1_r1=0\.\d\d base_r1=0\.\d\d synth_major_halluc=[+-]\d\.\d\d synth_major_omit=[+-]\d\.\d\d n=40\+100"
    )
    assert re.fullmatch(line, result.stdout.splitlines()[-1])


def test_visits_of_the_test_are_refused_as_training_data(tmp_path: Path) -> None:
    visits = tmp_path / "visits.jsonl"
    write_jsonl(visits, generate(2, seed=1, split="test"))
    (tmp_path / "base.gguf").touch()
    recipe = Path(__file__).parents[2] / "training" / "recipes" / "smoke.toml"
    source = f"synthetic={visits}"
    result = train(
        "tune", tmp_path / "run", "--base", tmp_path / "base.gguf", "--recipe", recipe, "--data", source, "--held-out", source
    )
    refused(result, 2, "stands in the training data", "Train on the training split only.")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("tune", "run", "--base", "base.gguf", "--recipe", "none.toml", "--data", "aci=x"),
            "The recipe none.toml cannot be read",
        ),
        (("write", "notes.jsonl", "--model", "model", "--visits", "what=x"), "does not say where visits come from"),
        (
            ("evaluate", "report", "--visits", "aci=missing.json", "--system", "a=b", "--base", "a"),
            "missing.json cannot be read",
        ),
        (("card", "card.json", "--aci", "a", "--synthetic", "b", "--model", "m"), "cannot be read"),
        (("score", "--card", "none.json"), "none.json cannot be read"),
        (("export", "model", "--base", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(train(*arguments), 2, message)
    assert list(tmp_path.iterdir()) == []


def test_keys_are_made_once(tmp_path: Path) -> None:
    assert train("keys", tmp_path / "keys").returncode == 0
    refused(train("keys", tmp_path / "keys"), 2, "There is a key")
