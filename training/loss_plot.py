"""The loss of a tuning run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt  # the backend has to be chosen first

_WINDOW: Final = 50
"""Steps over which the line averages."""


def plot_losses(losses: Sequence[float], title: str, path: Path) -> None:
    """Write the loss per answer token of every step, and its running mean, as an SVG or PNG file.

    Args:
        losses: Nats, one per step.
        title: Shown above the plot.
        path: Its suffix chooses the format.
    """
    window = min(_WINDOW, max(1, len(losses) // 4))
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot(losses, color="0.8", linewidth=0.6, label="step")
    axes.plot(np.arange(len(mean)) + window - 1, mean, color="tab:blue", label=f"mean of {window} steps")
    axes.set(xlabel="step", ylabel="loss (nats per token)", title=title)
    axes.legend(frameon=False)
    figure.savefig(path)
    plt.close(figure)
