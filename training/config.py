"""What decides a tuning run: one dataclass, read from a recipe file (TOML)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from training.datasets.examples import StrategyName

RECIPES: Final = Path(__file__).parent / "recipes"
"""Recipe files of the project."""


@dataclass(frozen=True)
class TuneConfig:
    """Everything that decides what a run learns."""

    strategy: StrategyName = "topics"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 8e-4
    """At its highest; it rises over `warmup` of the steps and falls along a cosine to a tenth."""
    warmup: float = 0.04
    tokens: int = 900_000
    """Tokens to train on, prompts and answers without padding. Examples repeat when they run out."""
    batch_tokens: int = 1536
    """Most tokens of one batch on one device, padding included."""
    longest: int = 420
    """Longest example in tokens; longer ones are left out and counted."""
    weights: dict[str, float] = field(default_factory=dict)
    """How often the examples of a source are seen in one round, by source; 1.0 where it is not named."""
    unknown: float = 0.5
    """Share of visits whose speakers are not labelled, 0.0 to 1.0."""
    noisy: float = 0.0
    """Share of synthetic visits that are heard with the errors of a recognizer, 0.0 to 1.0."""
    nothing: float = 0.5
    """Share of the exchanges without a line that are kept, 0.0 to 1.0."""
    bfloat16: bool = True
    """Matrix products in bfloat16 where the processor has instructions for them; weights and adapter stay float32."""
    seed: int = 20250703


def read_config(path: Path) -> TuneConfig:
    """Read a recipe.

    Raises:
        InputError: The file is missing or malformed, or names something unknown; the message says what.
    """
    hint = "Compare it with " + ", ".join(sorted(recipe.name for recipe in RECIPES.glob("*.toml"))) + "."
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        # Made again, because msgspec leaves fields that the file does not name out of what it later encodes.
        config = replace(msgspec.convert(table, TuneConfig))
    except OSError as error:
        raise InputError(f"The recipe {path} cannot be read: {error.strerror}.", hint=hint) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"The recipe {path.name} is malformed: {error}.", hint=hint) from error
    if unknown := sorted(set(table) - {known.name for known in fields(TuneConfig)}):
        raise InputError(f"The recipe {path.name} names {unknown[0]!r}, which is not part of a recipe.", hint=hint)
    for name in ("unknown", "noisy", "nothing", "warmup", "dropout"):
        if not 0 <= getattr(config, name) <= 1:
            raise InputError(f"In the recipe {path.name}, {name} is not between 0 and 1.", hint=hint)
    for name in ("rank", "alpha", "tokens", "batch_tokens", "longest", "learning_rate"):
        if getattr(config, name) <= 0:
            raise InputError(f"In the recipe {path.name}, {name} is not positive.", hint=hint)
    return config
