"""What a run learns from: visits, some of them as a recognizer hears them, made into examples."""

from __future__ import annotations

import random
from collections.abc import Iterable

from training.config import TuneConfig
from training.datasets.examples import Example, examples
from training.synth.noise import read_asr_errors, with_noise
from training.visits import Visit


def training_set(visits: Iterable[Visit], config: TuneConfig) -> list[Example]:
    """The examples of a run, the same for the same visits and configuration.

    Args:
        visits: Of all sources.
        config: Its strategy, seed and shares count.
    """
    chance = random.Random(config.seed)  # noqa: S311  # reproducible, not secret
    errors = read_asr_errors() if config.noisy else None

    def heard(visit: Visit) -> Visit:
        noisy = visit.source == "synthetic" and chance.random() < config.noisy
        return with_noise(visit, errors, chance) if errors and noisy else visit

    shown = [heard(visit) for visit in visits]
    return examples(shown, config.strategy, seed=config.seed, unknown=config.unknown, nothing=config.nothing)
