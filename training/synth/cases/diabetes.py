# ruff: noqa: E501  # a template stays on one line
"""What the cases of diabetes share."""

from __future__ import annotations

import random

from training.synth.case import Result, Statement, claim
from training.synth.cases.parts import (
    advice,
)
from training.synth.labs import between, lab

_METER = (
    "What {are your sugars|are your blood sugars|have your sugars been} {running|doing} at home?",
    "{Are you checking|How often do you check} your blood sugars, and what {do you get|are the numbers}?",
    "{Tell me about your {home |}blood sugars.|What about your blood sugars at home?}",
    "{Did you bring|Do you have} your {meter|log}? What {numbers are you seeing|are the sugars}?",
    "What {kind of |}numbers {are you getting|do you see} {in the morning|on the meter}?",
)


def home_sugars(chance: random.Random, low: int, high: int) -> Statement:
    """What the patient measures in the morning, mg/dL: a range between `low` and `high`."""
    bottom = chance.randrange(low, high - 30, 5)
    top = bottom + chance.randrange(25, 65, 5)
    return Statement(
        "History",
        (
            f"{{In the morning|Mornings|Fasting}} it's {{usually |}}between #{bottom}# and #{top}#.",
            f"{{Usually|Mostly|They're}} #{bottom}# to #{top}# in the morning.",
            f"{{Mornings I'm|In the morning I'm|When I wake up I'm}} {{anywhere |}}from #{bottom}# to #{top}#.",
            f"{{I check|I check it}} every morning, and {{it's|I get}} {{like |about |}}#{bottom}# to #{top}#.",
            f"{{Morning sugars|My morning numbers}} {{run|are}} #{bottom}# to #{top}#{{, give or take|, something like that|}}.",
        ),
        (
            f"Morning blood sugars range from {bottom} to {top} at home.",
            f"The patient reports morning blood sugars between {bottom} and {top}.",
        ),
        (claim("history", "blood sugar; glucose; sugars", f"{bottom}", said="morning; fasting; wake"),),
        _METER,
    )


def eye_exam(chance: random.Random) -> Statement:
    """When the eyes were last examined."""
    when = chance.choice(
        ("last month", "last spring", "last fall", "in January", "in June", "a few months ago", "over a year ago")
    )
    return Statement(
        "History",
        (
            f"{{It was |That was |}}{when}{{, everything was fine|}}.",
            f"{{Um, |I think |}}{when}{{, I believe|, no problems|}}.",
            f"{{I went|I had it|I saw him}} {when}.",
        ),
        (f"Last eye exam was {when}.",),
        (claim("history", "eye exam; eye", when.lower()),),
        (
            "When was your last eye exam?",
            "{Have you had|When did you have} your {diabetic |}eye exam?",
            "And {the|your} eye exam, when was {that|the last one}?",
        ),
    )


def kidneys(chance: random.Random) -> list[Result | Statement]:
    """Normal values of kidneys, lipids and liver."""
    albumin = chance.choice((8, 11, 14, 19, 22, 26))
    return [
        lab("Creatinine", between(chance, 0.7, 1.1, 1), "normal", digits=1),
        lab("eGFR", chance.randint(68, 102), "normal"),
        lab("Urine albumin-to-creatinine ratio", albumin, "normal"),
        lab("LDL cholesterol", chance.randint(58, 96), "normal"),
        lab("ALT", chance.randint(16, 38), "normal"),
    ]


QUESTIONS = (
    advice(
        (
            "{Take it with food|Take it with a meal}, {that helps|it's easier on the stomach|that keeps the stomach calm}.",
            "{With food, always with food|With meals}. {Take it with food and|} your stomach will {thank you|be happier}.",
            "{Always|Just} take it with food {and you should be fine|to keep your stomach settled}.",
        ),
        "Take metformin with food.",
        (
            "{Should I take|Do I take} the metformin {with food|on an empty stomach}?",
            "{Does it matter when|When should} I take {the |}metformin?",
            "The metformin {upsets my stomach a little|gives me a funny stomach}, {can I do something about that|what should I do}?",
        ),
    ),
    advice(
        (
            "{If it's|Anytime it's} below #70#, {take|have} #15# grams of {fast |}sugar, {like juice|half a cup of juice}, and {recheck|check again} in #15# minutes.",
            "{Under|Below} #70# is low. {Take|Eat} #15# grams of {sugar|carbs|glucose} and {recheck|check again} in #15# minutes.",
        ),
        "Treat blood sugars below 70 with 15 grams of sugar and recheck in 15 minutes.",
        (
            "What {do I do|should I do} if {my sugar goes low|I get a low sugar|it drops}?",
            "{How low is too low|What counts as low}?",
            "And {if I feel shaky|if my sugar is low}, {then what|what should I do}?",
        ),
    ),
)

TEACHING = (
    advice(
        (
            "{Keep|Please keep} checking your {blood |}sugars {every morning|in the morning}{ and write them down|}",
            "{I want you to|I'd like you to} check your {blood |}sugar every morning{ and bring me the log|}",
        ),
        "Check blood sugar every morning.",
    ),
    advice(
        (
            "{Try to|I want you to|Let's} cut back on the {carbs|carbohydrates}{ and the sweet drinks| a bit|}",
            "{Watch|Go easy on} the carbs{, especially at dinner|}, {cut back where you can|cut those back}",
        ),
        "Cut back on carbohydrates.",
    ),
    advice(
        (
            "{Walk|Try to walk|Aim to walk} #30# minutes a day, #5# days a week",
            "{I'd like you to|See if you can} walk #30# minutes #5# days a week",
        ),
        "Walk 30 minutes 5 days a week.",
    ),
    advice(
        (
            "{Check|Look at|Please check} your feet every {day|night}{, okay| for any sores|}",
            "{I want you to|Please} look at your feet every {day|night}{ before bed|}",
        ),
        "Check feet daily.",
    ),
)
