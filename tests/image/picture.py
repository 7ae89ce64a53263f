"""What is in a picture of a display."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import segno

_MODULE: Final = 8
"""Pixels of a QR code's module on a text display: half a character of 8x16, or one pixel less or more."""
_QUIET: Final = 4

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def read_picture(path: Path) -> Pixels:
    """Pixels of a PNG: height, width, red-green-blue."""
    with av.open(str(path)) as file:
        return np.asarray(next(file.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def shows_qr_code(picture: Pixels, text: str) -> bool:
    """Whether the QR code of a text stands at the left edge, as `chartside connect screen` writes it."""
    matrix = np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=_QUIET)])
    middle = _MODULE // 2
    bright = picture[middle::_MODULE, middle::_MODULE].min(axis=2) > 127
    height, width = matrix.shape
    return any(np.array_equal(bright[top : top + height, :width], matrix == 0) for top in range(bright.shape[0] - height))


def share_of(picture: Pixels, colour: str) -> float:
    """How much of it has a colour such as `#f1f4f5`, from 0 to 1."""
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return float((picture == wanted).all(axis=2).mean())
