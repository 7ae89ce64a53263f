"""One tuning run from files to files: the adapter, its losses as numbers and as a picture, and a record of how it was made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from appliance.models.tokenizer import read_tokenizer
from appliance.runtime.bundle import describe_file
from training.base import load_base
from training.config import TuneConfig
from training.datasets.sources import fingerprint
from training.datasets.training_set import training_set
from training.loss_plot import plot_losses
from training.tune import LOSSES_FILE, Progress, tune
from training.visits import Visit

RECORD_FILE: Final = "run.json"


class RunRecord(msgspec.Struct, frozen=True):
    """How an adapter was made."""

    config: TuneConfig
    base: str
    """File or directory name of the base."""
    base_sha256: str
    """Of the GGUF file; empty for a directory."""
    visits: dict[str, int]
    """Number of visits by source."""
    data_sha256: str
    """Fingerprint of the visits, see `training.datasets.sources.fingerprint`."""
    examples: int
    tokens: int
    """Trained on, without padding."""
    seconds: float
    """Of computing, over all calls."""
    loss: float
    """Mean nats per answer token over the last twentieth of the steps."""
    started_from: str
    """Data fingerprint of the adapter that the run went on from; empty if it began with the base."""


def run_tuning(
    base: Path,
    visits: Sequence[Visit],
    config: TuneConfig,
    output: Path,
    *,
    start: Path | None = None,
    minutes: float | None = None,
    progress: Callable[[float, float], None] = lambda _done, _all: None,
) -> Path | None:
    """Tune and record.

    Args:
        base: A GGUF file or a Hugging Face directory.
        visits: The training data.
        config: The recipe.
        output: Gets `adapter/`, `losses.json`, `loss.svg`, `run.json`, and checkpoints while the run lasts.
        start: Output directory of an earlier run whose adapter to go on from.
        minutes: As for `tune`.
        progress: Takes steps done and steps in all.

    Returns:
        The adapter's directory; None if the time was over before the end.

    Raises:
        BundleError, InputError: As `load_base` and `tune`.
    """
    started_from = read_record(start).data_sha256 if start else ""
    found = training_set(visits, config)
    tokens: list[int] = []
    seconds: list[float] = []

    def report(state: Progress) -> None:
        tokens[:], seconds[:] = [state.tokens], [state.seconds]
        progress(state.step, state.steps)

    adapter = tune(
        load_base(base),
        read_tokenizer(base),
        found,
        config,
        output,
        start=start / "adapter" if start else None,
        minutes=minutes,
        progress=report,
    )
    if adapter is None or not (output / LOSSES_FILE).is_file():
        return adapter
    losses: list[float] = json.loads((output / LOSSES_FILE).read_text("utf-8"))
    last = losses[-max(1, len(losses) // 20) :]
    described = describe_file(base) if base.is_file() else None
    record = RunRecord(
        config=config,
        base=base.name,
        base_sha256=described.sha256 if described else "",
        visits=dict(sorted(Counter(visit.source for visit in visits).items())),
        data_sha256=fingerprint(visits),
        examples=len(found),
        tokens=sum(tokens),
        seconds=round(sum(seconds), 1),
        loss=round(sum(last) / len(last), 4),
        started_from=started_from,
    )
    encoded = msgspec.json.format(msgspec.json.encode(record), indent=2)
    (output / RECORD_FILE).write_bytes(encoded + b"\n")
    plot_losses(losses, f"{config.strategy}, {record.tokens / 1e6:.2f} million tokens", output / "loss.svg")
    return adapter


def read_record(directory: Path) -> RunRecord:
    """The record of a finished run.

    Raises:
        InputError: There is none, or it is damaged.
    """
    try:
        return msgspec.json.decode((directory / RECORD_FILE).read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "Give the output directory of a finished `chartside-train tune`."
        raise InputError(f"{directory} holds no record of a finished run.", hint=hint) from error
