"""Cases by disease, with how often each is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from training.synth.case import Case
from training.synth.cases import (
    adrenal,
    calcium,
    cushing,
    graves,
    lipids,
    nodule,
    obesity,
    osteoporosis,
    pcos,
    pituitary,
    prolactinoma,
    thyroid,
    type_1,
    type_2,
)

CASES: Final[tuple[tuple[Callable[[random.Random], Case], float], ...]] = (
    (type_2.type_2, 5),
    (type_1.type_1, 3),
    (thyroid.hypothyroidism, 4),
    (graves.graves, 3),
    (nodule.nodule, 2.5),
    (osteoporosis.osteoporosis, 3),
    (calcium.hyperparathyroidism, 2),
    (calcium.hypoparathyroidism, 1.5),
    (calcium.vitamin_d_deficiency, 1.5),
    (adrenal.insufficiency, 2),
    (adrenal.incidentaloma, 2),
    (cushing.cushing, 1.5),
    (prolactinoma.prolactinoma, 2),
    (pituitary.acromegaly, 1.2),
    (pituitary.hypopituitarism, 1.2),
    (lipids.lipids, 2.5),
    (obesity.obesity, 2.5),
    (pcos.pcos, 2),
)
"""What makes a case, and its weight."""
