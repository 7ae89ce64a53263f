"""Runs every training step on a tiny configuration, as the documentation tells, and checks that something was learned.

`make train-smoke` calls it. The last line is the result: `smoke: loss=3.10->1.50 base_r1=0.05 tuned_r1=0.40 seconds=200`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from training.evaluation.evaluate import read_evaluation
from training.tune import LOSSES_FILE

TRAIN, TEST = 60, 3


def main() -> None:
    """Run the steps in a temporary directory."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chartside-smoke-") as scratch:
        here = Path(scratch)
        base, visits, run = here / "base.gguf", here / "visits", here / "run"
        test = f"synthetic={visits / 'test.jsonl'}"
        step("base", base)
        step("synth", visits, "--train", TRAIN, "--test", TEST)
        recipe = Path("training/recipes/smoke.toml")
        data = f"synthetic={visits / 'train.jsonl'}"
        step("tune", run, "--base", base, "--recipe", recipe, "--data", data, "--held-out", test)
        step("export", here / "tuned", "--base", base, "--adapter", run / "adapter", "--context", 2048)
        step("export", here / "plain", "--base", base, "--context", 2048)
        step("write", here / "tuned.jsonl", "--model", here / "tuned", "--visits", test)
        step("write", here / "base.jsonl", "--model", here / "plain", "--visits", test, "--writing", "zero_shot")
        systems = [f"--system={name}={here / name}.jsonl" for name in ("tuned", "base")]
        step("evaluate", here / "report", "--visits", test, *systems, "--base", "base", "--baselines", data)
        losses = json.loads((run / LOSSES_FILE).read_text("utf-8"))
        result = read_evaluation(here / "report" / "evaluation.json")
    few = max(1, len(losses) // 8)
    first, last = sum(losses[:few]) / few, sum(losses[-few:]) / few
    scores = {name: result.system(name).means["rouge1"].mean for name in ("base", "tuned")}
    print(
        f"smoke: loss={first:.2f}->{last:.2f} base_r1={scores['base']:.2f} tuned_r1={scores['tuned']:.2f} "
        f"seconds={time.monotonic() - began:.0f}"
    )
    if last > 0.8 * first or scores["tuned"] < 1.2 * scores["base"]:
        sys.exit("Nothing was learned: the loss should fall by a fifth, and ROUGE-1 rise by as much.")


def step(command: str, *arguments: object) -> None:
    """Run one command of `chartside-train`; stop with its exit code if it fails."""
    print(f"-- chartside-train {command}", flush=True)
    done = subprocess.run(["chartside-train", command, *map(str, arguments)], check=False)  # noqa: S607  # the venv is on the PATH
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
