"""Drugs of endocrine practice as they are prescribed: names, strengths, routes and how often."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Frequency:
    """How often a drug is taken."""

    written: str
    said: tuple[str, ...]
    names: tuple[str, ...]
    """Ways to write it, lower case."""


@dataclass(frozen=True)
class Amount:
    """A dose."""

    value: str
    """Digits with at most one point."""
    unit: str

    @property
    def written(self) -> str:
        """As a note has it: "500 mg"."""
        return f"{self.value} {self.unit}"

    @property
    def names(self) -> tuple[str, ...]:
        """Ways to write it, lower case, the usual one first."""
        values = [self.value]
        if self.value.isdigit() and len(self.value) > len("999"):
            values.append(f"{int(self.value):,}")
        units = [self.unit, *UNITS.get(self.unit, ())]
        spaced = [f"{value} {unit}" for unit in units for value in values]
        return tuple(dict.fromkeys(form.lower() for form in [*spaced, f"{self.value}{self.unit}"]))


UNITS: Final[dict[str, tuple[str, ...]]] = {
    "mg": ("milligrams", "milligram"),
    "mcg": ("micrograms", "microgram", "ug"),
    "g": ("grams", "gram"),
    "units": ("unit", "u"),
    "IU": ("international units", "units"),
}
"""Other ways to write a unit of dose."""

UNITS_SAID: Final[dict[str, tuple[str, ...]]] = {
    "mg": ("milligrams", "milligrams", "milligrams", "mg"),
    "mcg": ("micrograms", "micrograms", "mcg"),
    "g": ("grams", "grams"),
    "units": ("units",),
    "IU": ("international units", "IU", "units"),
}

DAILY: Final = Frequency(
    "once daily",
    ("once a day", "every day", "daily", "once daily", "once a day"),
    ("once daily", "daily", "once a day", "every day", "qd"),
)
MORNING: Final = Frequency(
    "every morning",
    ("every morning", "in the morning", "each morning"),
    ("every morning", "in the morning", "each morning", "qam"),
)
TWICE: Final = Frequency(
    "twice daily",
    ("twice a day", "two times a day", "twice daily", "2 times a day"),
    ("twice daily", "twice a day", "two times a day", "2 times a day", "bid", "b.i.d."),
)
THRICE: Final = Frequency(
    "three times daily",
    ("three times a day", "3 times a day"),
    ("three times daily", "three times a day", "3 times daily", "3 times a day", "tid", "t.i.d."),
)
BEDTIME: Final = Frequency(
    "at bedtime",
    ("at bedtime", "at night", "every night", "before bed"),
    ("at bedtime", "at night", "nightly", "every night", "before bed", "qhs"),
)
MEALS: Final = Frequency(
    "with meals", ("with meals", "with each meal", "before meals"), ("with meals", "with each meal", "before meals")
)
WEEKLY: Final = Frequency(
    "once weekly",
    ("once a week", "every week", "once weekly", "weekly"),
    ("once weekly", "weekly", "once a week", "every week"),
)
TWICE_WEEKLY: Final = Frequency(
    "twice weekly",
    ("twice a week", "two times a week"),
    ("twice weekly", "twice a week", "two times a week", "2 times a week", "two times weekly"),
)
FOUR_WEEKS: Final = Frequency("every 4 weeks", ("every 4 weeks", "every four weeks"), ("every 4 weeks", "every four weeks"))
HALF_YEARLY: Final = Frequency("every 6 months", ("every 6 months", "every six months"), ("every 6 months", "every six months"))
YEARLY: Final = Frequency(
    "once yearly", ("once a year", "every year", "yearly"), ("once yearly", "yearly", "once a year", "every year", "annually")
)
AS_NEEDED: Final = Frequency("as needed", ("as needed", "as needed for lows"), ("as needed", "prn", "for lows"))


@dataclass(frozen=True)
class Drug:
    """A drug."""

    name: str
    """Generic name, lower case unless it is a proper name."""
    unit: str
    brands: tuple[str, ...] = ()
    use: str = ""
    """What a patient would say it is for: "blood pressure". """
    route: str = ""
    """Empty for a tablet; otherwise as it is written: "injection"."""

    @property
    def names(self) -> tuple[str, ...]:
        """Generic and brand names, lower case."""
        return (self.name.lower(), *(brand.lower() for brand in self.brands))

    def amount(self, value: str) -> Amount:
        """A dose of it."""
        return Amount(value, self.unit)


_TABLE: Final = """
metformin | mg | Glucophage | diabetes
glipizide | mg | | diabetes
glimepiride | mg | Amaryl | diabetes
empagliflozin | mg | Jardiance | diabetes
dapagliflozin | mg | Farxiga | diabetes
sitagliptin | mg | Januvia | diabetes
pioglitazone | mg | Actos | diabetes
semaglutide | mg | Ozempic, Wegovy | diabetes | injection
dulaglutide | mg | Trulicity | diabetes | injection
tirzepatide | mg | Mounjaro, Zepbound | diabetes | injection
insulin glargine | units | Lantus | diabetes | injection
insulin degludec | units | Tresiba | diabetes | injection
insulin lispro | units | Humalog | diabetes | injection
insulin aspart | units | Novolog | diabetes | injection
glucagon | mg | | low sugars | nasal
levothyroxine | mcg | Synthroid | thyroid
methimazole | mg | | thyroid
propranolol | mg | | heart
atenolol | mg | | heart
alendronate | mg | Fosamax | bones
risedronate | mg | Actonel | bones
denosumab | mg | Prolia | bones | injection
zoledronic acid | mg | Reclast | bones | infusion
teriparatide | mcg | Forteo | bones | injection
romosozumab | mg | Evenity | bones | injection
vitamin D3 | IU | | vitamins
ergocalciferol | IU | | vitamins
calcium carbonate | mg | | bones
calcium citrate | mg | | bones
calcitriol | mcg | Rocaltrol | calcium
cinacalcet | mg | Sensipar | calcium
spironolactone | mg | Aldactone | hair growth
hydrocortisone | mg | Cortef | adrenals
fludrocortisone | mg | | adrenals
prednisone | mg | | inflammation
cabergoline | mg | | pituitary
octreotide | mg | Sandostatin | pituitary | injection
lanreotide | mg | Somatuline | pituitary | injection
ketoconazole | mg | | cortisol
osilodrostat | mg | Isturisa | cortisol
atorvastatin | mg | Lipitor | cholesterol
rosuvastatin | mg | Crestor | cholesterol
simvastatin | mg | Zocor | cholesterol
ezetimibe | mg | Zetia | cholesterol
evolocumab | mg | Repatha | cholesterol | injection
icosapent ethyl | g | Vascepa | triglycerides
fenofibrate | mg | Tricor | triglycerides
phentermine | mg | | weight
lisinopril | mg | Zestril | blood pressure
losartan | mg | Cozaar | blood pressure
amlodipine | mg | Norvasc | blood pressure
hydrochlorothiazide | mg | | blood pressure
chlorthalidone | mg | | blood pressure
metoprolol succinate | mg | Toprol | blood pressure
omeprazole | mg | Prilosec | heartburn
sertraline | mg | Zoloft | mood
escitalopram | mg | Lexapro | mood
gabapentin | mg | Neurontin | nerves
aspirin | mg | | heart
testosterone cypionate | mg | | testosterone | injection
"""


def _read(row: str) -> Drug:
    cells = [cell.strip() for cell in row.split("|")] + ["", "", ""]
    brands = tuple(brand.strip() for brand in cells[2].split(",") if brand.strip())
    return Drug(cells[0], cells[1], brands, cells[3], cells[4])


DRUGS: Final = {drug.name: drug for drug in map(_read, _TABLE.strip().splitlines())}


@functools.cache
def drug_names() -> frozenset[str]:
    """Every name of every drug, lower case."""
    return frozenset(name for drug in DRUGS.values() for name in drug.names)
