"""Plots of an evaluation as SVG to be set into a page. Their ink is the page's own (`currentColor`): dark pages work too."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from training.evaluation.evaluate import SystemResult
from training.evaluation.metrics import METRICS

_INK: Final = "#010203"
"""Replaced by `currentColor`; no other element has this colour."""
_TUNED: Final = "#2a78b8"
_OTHERS: Final = "#9aa7b3"
_STYLE: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "chartside",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def bars(systems: Sequence[SystemResult], metric: str, *, marked: str) -> str:
    """Means with 95 % intervals of one score, one bar per system, as an `svg` element.

    Args:
        systems: Those without the score are left out.
        metric: Name in `METRICS`.
        marked: Name of the system that stands out.
    """
    shown = [system for system in systems if metric in system.means][::-1]
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(len(shown), metric)
        means = [system.means[metric] for system in shown]
        errors = [[found.mean - found.low for found in means], [found.high - found.mean for found in means]]
        axes.barh(
            [system.name for system in shown],
            [found.mean for found in means],
            xerr=[[max(0.0, error) for error in side] for side in errors],
            color=[_TUNED if system.name == marked else _OTHERS for system in shown],
            error_kw={"ecolor": _INK, "elinewidth": 1, "capsize": 3},
            height=0.65,
        )
        return _svg(figure)


def boxes(systems: Sequence[SystemResult], metric: str, *, marked: str) -> str:
    """How one score spreads over the cases, one box per system (quartiles; whiskers to the furthest case within 1.5 ranges)."""
    shown = [system for system in systems if metric in system.means][::-1]
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(len(shown), metric)
        parts = axes.boxplot(
            [[case.scores[metric] for case in system.cases if metric in case.scores] for system in shown],
            orientation="horizontal",
            tick_labels=[system.name for system in shown],
            patch_artist=True,
            widths=0.6,
            medianprops={"color": _INK},
            whiskerprops={"color": _INK},
            capprops={"color": _INK},
            boxprops={"edgecolor": _INK},
            flierprops={"markeredgecolor": _INK, "markersize": 3},
        )
        for box, system in zip(parts["boxes"], shown, strict=True):
            box.set_facecolor(_TUNED if system.name == marked else _OTHERS)
        return _svg(figure)


def _figure(rows: int, metric: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5.6, 0.7 + 0.34 * max(rows, 1)), layout="constrained")
    axes = figure.subplots()
    found = METRICS[metric]
    axes.set_title(f"{found.title} ({'more' if found.higher_is_better else 'less'} is better)", fontsize=10, loc="left")
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    element = buffer.getvalue()
    element = element[element.index("<svg") :].replace(_INK, "currentColor")
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    return re.sub(r'\s(?:width|height)="[\d.]+pt"', "", element, count=2)
