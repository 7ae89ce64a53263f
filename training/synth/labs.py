# ruff: noqa: E501  # a template stays on one line
"""Laboratory tests: names, units and how clinicians say them."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Flag, Result

# Written | said | further names | unit | unit as said. A bar in the said forms stands between alternatives; "-" is silence.
_TABLE: Final = """
Hemoglobin A1c | A1c; hemoglobin A1c; A1C | a1c; hba1c | % | percent; %; -
Fasting glucose | fasting glucose; fasting sugar; fasting blood sugar | fasting glucose; fasting sugar; fasting blood sugar; glucose | mg/dL | -; milligrams per deciliter
Creatinine | creatinine | creatinine | mg/dL | -
eGFR | eGFR; kidney function, the eGFR,; GFR | egfr; gfr | mL/min | -
Urine albumin-to-creatinine ratio | urine albumin to creatinine ratio; urine albumin ratio; urine microalbumin | albumin; microalbumin; uacr | mg/g | -; milligrams per gram
LDL cholesterol | LDL; LDL cholesterol; bad cholesterol, the LDL, | ldl | mg/dL | -; milligrams per deciliter
HDL cholesterol | HDL; good cholesterol, the HDL, | hdl | mg/dL | -
Triglycerides | triglycerides | triglyceride | mg/dL | -; milligrams per deciliter
Total cholesterol | total cholesterol | total cholesterol | mg/dL | -
ALT | ALT; liver enzyme, the ALT, | alt | U/L | -
TSH | TSH; thyroid test, the TSH, | tsh; thyroid-stimulating hormone | mIU/L | -; -; milli-international units per liter
Free T4 | free T4; free thyroxine | free t4; ft4; free thyroxine | ng/dL | -
Free T3 | free T3 | free t3; ft3 | pg/mL | -
TRAb | TRAb; TSH receptor antibody; thyroid receptor antibodies | trab; tsh receptor; receptor antibod | IU/L | -
TPO antibodies | TPO antibodies; TPO antibody level | tpo | IU/mL | -
Calcium | calcium; blood calcium | calcium | mg/dL | -; milligrams per deciliter
Ionized calcium | ionized calcium | ionized calcium | mmol/L | -
PTH | PTH; parathyroid hormone; parathyroid hormone level | pth; parathyroid hormone | pg/mL | -
Vitamin D | vitamin D; vitamin D level | vitamin d | ng/mL | -
Phosphorus | phosphorus; phosphate | phosphorus; phosphate | mg/dL | -
Magnesium | magnesium | magnesium | mg/dL | -
24-hour urine calcium | 24-hour urine calcium; 24 hour urine calcium | urine calcium | mg | milligrams; -
Alkaline phosphatase | alkaline phosphatase; alk phos | alkaline phosphatase; alk phos | U/L | -
Prolactin | prolactin; prolactin level | prolactin | ng/mL | -
IGF-1 | IGF-1; growth hormone marker, the IGF-1, | igf-1; igf1; igf 1 | ng/mL | -
Morning cortisol | morning cortisol; 8 a.m. cortisol; AM cortisol | cortisol | mcg/dL | -
Cortisol after dexamethasone | cortisol after the dexamethasone; cortisol after dexamethasone | cortisol | mcg/dL | -
24-hour urine free cortisol | 24-hour urine cortisol; 24-hour urine free cortisol | urine cortisol; urine free cortisol; urinary free cortisol | mcg | micrograms; -
Late-night salivary cortisol | late night salivary cortisol; late-night salivary cortisol | salivary cortisol | mcg/dL | -
ACTH | ACTH | acth | pg/mL | -
DHEA-S | DHEA-S; DHEA sulfate | dhea-s; dheas; dhea sulfate | mcg/dL | -
Total testosterone | total testosterone; testosterone | testosterone | ng/dL | -
Potassium | potassium | potassium | mEq/L | -
Sodium | sodium | sodium | mEq/L | -
Hemoglobin | hemoglobin | hemoglobin | g/dL | -
Aldosterone-to-renin ratio | aldosterone to renin ratio; aldosterone-renin ratio | aldosterone | | -
Plasma metanephrines | plasma metanephrines; metanephrines | metanephrine | nmol/L | -
LH | LH | lh; luteinizing hormone | mIU/mL | -
C-peptide | C-peptide | c-peptide | ng/mL | -
Lipoprotein(a) | lipoprotein little a; lipoprotein(a); Lp(a) | lipoprotein; lp(a) | nmol/L | -
17-hydroxyprogesterone | 17-hydroxyprogesterone; 17 hydroxyprogesterone | hydroxyprogesterone; 17-ohp | ng/dL | -
"""


def _cells(row: str) -> tuple[str, tuple[str, ...], tuple[str, ...], str, tuple[str, ...]]:
    written, said, names, unit, unit_said = (cell.strip() for cell in row.split("|"))

    def parts(cell: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in cell.split(";"))

    return written, parts(said), parts(names), unit, tuple("" if form == "-" else form for form in parts(unit_said))


_LABS: Final = {cells[0]: cells for cells in map(_cells, _TABLE.strip().splitlines())}


def lab(
    name: str,
    value: float | str,
    flag: Flag = "",
    *,
    previous: float | str = "",
    digits: int | None = None,
    major: bool = False,
) -> Result:
    """A measured value.

    Args:
        name: Of the table.
        value: In the table's unit.
        flag: As the clinician judges it.
        previous: The last value, if the clinician compares.
        digits: Decimals to write.
        major: Whether the value drives the plan.
    """
    written, said, names, unit, unit_said = _LABS[name]

    def text(number: float | str) -> str:
        figures = number if isinstance(number, str) else f"{number:.{digits or 0}f}"
        # People say "an A1c of 7".
        return figures.removesuffix(".0") if unit == "%" else figures

    before = "" if previous == "" else text(previous)
    return Result(written, said, (written.lower(), *names), text(value), unit, unit_said, flag, before, major)


def between(chance: random.Random, low: float, high: float, digits: int = 0) -> float:
    """A value in a range."""
    return round(chance.uniform(low, high), digits)
