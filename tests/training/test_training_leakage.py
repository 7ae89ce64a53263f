"""No held-out text in any training set. Without the public dialogues, which are not part of the repository, half is skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.datasets.aci import read_aci
from training.datasets.leakage import MOST_SHARED, nearest
from training.datasets.mts import read_mts
from training.synth import generate
from training.visits import Visit

PUBLIC = Path(os.environ.get("CHARTSIDE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SEED = 20250703  # of the default adapter's visits
TEST = 100
TRAIN = 400  # of 1,500: the check of all of them takes a minute and belongs to `chartside-train tune --held-out`


@pytest.fixture(scope="module")
def synthetic() -> tuple[list[Visit], list[Visit]]:
    train = list(generate(TRAIN, seed=SEED, split="train"))
    return train, list(generate(TEST, seed=SEED, split="test", avoid=train))


def test_no_synthetic_test_visit_stands_in_the_training_visits(synthetic: tuple[list[Visit], list[Visit]]) -> None:
    train, test = synthetic
    worst = max(nearest(train, test), key=lambda leak: leak.shared)
    assert 0 < worst.shared < MOST_SHARED, worst


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs ACI-Bench and MTS-Dialog; set CHARTSIDE_DATA to their folder")
def test_no_public_held_out_visit_stands_in_the_training_visits(synthetic: tuple[list[Visit], list[Visit]]) -> None:
    train = read_aci(PUBLIC / "aci-bench" / "train.json") + read_mts(PUBLIC / "mts-dialog" / "train.csv") + synthetic[0]
    held_out = [visit for split in ("valid", "test1") for visit in read_aci(PUBLIC / "aci-bench" / f"{split}.json")]
    assert len(held_out) == 60
    worst = max(nearest(train, held_out), key=lambda leak: leak.shared)
    assert 0 < worst.shared < MOST_SHARED, worst
