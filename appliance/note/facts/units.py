"""The units of clinical quantities: one symbol each, with the ways to write and to say it.

Symbols follow UCUM (Unified Code for Units of Measure) where clinicians write them so, otherwise the usual abbreviation.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from appliance.note.facts.words import tokens

UnitKind = Literal[
    "mass", "volume", "activity", "concentration", "share", "pressure", "time", "rate", "length", "temperature", "count"
]


class Unit(NamedTuple):
    """A unit of measure or a thing that is counted."""

    symbol: str
    """As it stands in a `Quantity`."""
    kind: UnitKind
    forms: tuple[str, ...]
    """How it is written and said, lower case; the symbol itself need not be named."""


def _unit(symbol: str, kind: UnitKind, forms: str = "") -> Unit:
    return Unit(symbol, kind, tuple(form.strip() for form in f"{symbol.lower()}|{forms}".split("|") if form.strip()))


UNITS: Final = (
    _unit("mg", "mass", "mgs|milligram|milligrams|milligramme|milligrammes|mig|migs|milli gram|milli grams"),
    _unit("mcg", "mass", "mcgs|ug|µg|μg|microgram|micrograms|mic|mics|micro gram|micro grams"),
    _unit("g", "mass", "gm|gms|gram|grams"),
    _unit("kg", "mass", "kgs|kilo|kilos|kilogram|kilograms"),
    _unit("lb", "mass", "lbs|pound|pounds"),
    _unit("oz", "mass", "ounce|ounces"),
    _unit("mL", "volume", "mls|ml|cc|ccs|milliliter|milliliters|millilitre|millilitres"),
    _unit("L", "volume", "liter|liters|litre|litres"),
    _unit("units", "activity", "unit|u"),
    _unit("IU", "activity", "ius|international unit|international units|i.u."),
    _unit("mEq", "activity", "meqs|milliequivalent|milliequivalents"),
    _unit("%", "share", "percent|per cent|pct|percentage points"),
    _unit("mg/dL", "concentration", "mg per dl|milligrams per deciliter|milligram per deciliter|milligrams per decilitre"),
    _unit("g/dL", "concentration", "g per dl|gm/dl|grams per deciliter|gram per deciliter"),
    _unit("mcg/dL", "concentration", "ug/dl|µg/dl|micrograms per deciliter|microgram per deciliter"),
    _unit("ng/dL", "concentration", "nanograms per deciliter|nanogram per deciliter"),
    _unit("ng/mL", "concentration", "nanograms per milliliter|nanogram per milliliter"),
    _unit("pg/mL", "concentration", "picograms per milliliter|picogram per milliliter"),
    _unit("ng/L", "concentration", "nanograms per liter"),
    _unit("mcg/L", "concentration", "ug/l|µg/l|micrograms per liter"),
    _unit("mg/L", "concentration", "milligrams per liter"),
    _unit("mmol/L", "concentration", "millimoles per liter|millimole per liter|millimolar"),
    _unit("mmol/mol", "concentration", "millimoles per mole"),
    _unit("umol/L", "concentration", "µmol/l|micromoles per liter"),
    _unit("nmol/L", "concentration", "nanomoles per liter|nanomole per liter"),
    _unit("pmol/L", "concentration", "picomoles per liter|picomole per liter"),
    _unit("mEq/L", "concentration", "milliequivalents per liter|milliequivalent per liter|milli-equivalents per liter"),
    _unit(
        "mIU/L",
        "concentration",
        "milli-international units per liter|milliinternational units per liter|milli international units per liter|miu per l",
    ),
    _unit("mU/L", "concentration", "milliunits per liter|milli-units per liter"),
    _unit(
        "uIU/mL", "concentration", "µiu/ml|micro-international units per milliliter|micro international units per milliliter"
    ),
    _unit("IU/L", "concentration", "international units per liter"),
    _unit("IU/mL", "concentration", "international units per milliliter"),
    _unit("U/L", "concentration", "units/l|units per liter|unit per liter"),
    _unit("U/mL", "concentration", "units/ml|units per milliliter"),
    _unit("mg/g", "concentration", "milligrams per gram|milligram per gram|mg per g"),
    _unit("mcg/mg", "concentration", "ug/mg|micrograms per milligram"),
    _unit(
        "mL/min",
        "rate",
        "milliliters per minute|ml per minute|ml/min/1.73m2|ml/min/1.73 m2|ml/min/1.73m²|ml/min/1.73 m²",
    ),
    _unit("mmHg", "pressure", "mm hg|millimeters of mercury|millimetres of mercury|mm of mercury"),
    _unit("second", "time", "seconds|sec|secs"),
    _unit("minute", "time", "minutes|min|mins|minute's"),
    _unit("hour", "time", "hours|hr|hrs|h|hour's"),
    _unit("day", "time", "days|day's"),
    _unit("night", "time", "nights"),
    _unit("week", "time", "weeks|wk|wks|week's"),
    _unit("month", "time", "months|mo|mos|mth|mths|month's"),
    _unit("year", "time", "years|yr|yrs|year's|y"),
    _unit("/min", "rate", "bpm|beats per minute|beats a minute|beats/min|breaths per minute|breaths a minute|per minute"),
    _unit("mm", "length", "millimeter|millimeters|millimetre|millimetres"),
    _unit("cm", "length", "centimeter|centimeters|centimetre|centimetres"),
    _unit("inch", "length", "inches"),
    _unit("foot", "length", "feet|ft"),
    _unit("mile", "length", "miles"),
    _unit("degF", "temperature", "degrees fahrenheit|degree fahrenheit|fahrenheit|°f|° f|f|degrees f"),
    _unit("degC", "temperature", "degrees celsius|degree celsius|celsius|°c|° c|degrees c"),
    _unit("degree", "temperature", "degrees|°"),
    _unit("kg/m2", "rate", "kg/m²|kilograms per square meter|kg per m2"),
    _unit("tablet", "count", "tablets|tab|tabs|pill|pills"),
    _unit("capsule", "count", "capsules|cap|caps"),
    _unit("puff", "count", "puffs"),
    _unit("drop", "count", "drops"),
    _unit("spray", "count", "sprays"),
    _unit("patch", "count", "patches"),
    _unit("injection", "count", "injections|shot|shots"),
    _unit("dose", "count", "doses"),
    _unit("pack", "count", "packs"),
    _unit("cigarette", "count", "cigarettes"),
    _unit("drink", "count", "drinks|beers|beer|glass|glasses"),
    _unit("cup", "count", "cups"),
    _unit("time", "count", "times"),
)
"""The units of the normal form."""

KINDS: Final[dict[str, UnitKind]] = {unit.symbol: unit.kind for unit in UNITS}
"""The kind of each symbol. A rate such as `mg/day`, made of two units, is not listed."""
FORMS: Final = {tuple(token.text for token in tokens(form)): unit.symbol for unit in UNITS for form in unit.forms}
"""The symbol for each way to write or say a unit, as tokens."""
LONGEST_FORM: Final = max(len(form) for form in FORMS)
"""Tokens of the longest form."""
PERIODS: Final = frozenset({"kg", "minute", "hour", "day", "night", "week", "month", "year"})
"""What a rate may be per: "10 mg per day" is 10 mg/day."""

_INTERCHANGEABLE: Final = (
    frozenset({"units", "IU"}),
    frozenset({"mIU/L", "mU/L", "uIU/mL"}),
    frozenset({"U/L", "IU/L"}),
    frozenset({"ng/mL", "mcg/L"}),
    frozenset({"pg/mL", "ng/L"}),
    frozenset({"mg/g", "mcg/mg"}),
    frozenset({"degree", "degF", "degC"}),
    frozenset({"day", "night"}),
)
"""Units under which one number means the same."""


def same_unit(one: str, other: str) -> bool:
    """Whether a number means the same under both units; a unit that was left out agrees with every unit."""
    return not one or not other or one == other or any({one, other} <= units for units in _INTERCHANGEABLE)
