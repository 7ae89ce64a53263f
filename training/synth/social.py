# ruff: noqa: E501  # a template stays on one line
"""How the patient lives: smoking and alcohol, work, exercise."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Statement, claim
from training.synth.speech import article

RETIRED: Final = 66
"""Age in years from which patients do not work any more."""

SMOKING_ASKED: Final = (
    "{Do you smoke|Are you a smoker|Any smoking|Any tobacco}?",
    "{Do you smoke or drink|Any tobacco or alcohol}?",
    "What about {smoking and alcohol|cigarettes and alcohol}?",
    "{And|Okay, and} {tobacco|cigarettes}, alcohol, {anything like that|any of that}?",
    "Any smoking or drinking?",
)

WORK_ASKED: Final = (
    "What {do you do for work|kind of work do you do|is your job}?",
    "{And|So} what do you do for a living?",
    "Are you {working|still working} {these days|now}?",
    "{Remind me, what|What} is it you do again{, for work|}?",
)

EXERCISE_ASKED: Final = (
    "{Are you getting any|Any} {exercise|physical activity}?",
    "{Do you|Are you able to} exercise {at all|}?",
    "What do you do for exercise?",
    "How {active are you|is the exercise going}?",
    "{And|Okay,} are you {moving|exercising} {much|regularly}?",
)

_WORK: Final = (
    "teacher;accountant;truck driver;nurse;electrician;cashier;librarian;software engineer;chef;bus driver;carpenter;receptionist;"
    "paralegal;mail carrier;plumber;social worker;dental hygienist;mechanic;real estate agent;bank teller;warehouse manager"
).split(";")


def social(chance: random.Random, age: int) -> list[Statement]:
    """Smoking and alcohol, work, exercise; not always all."""
    drinks = chance.randint(2, 6)
    pack = chance.choice(("half a pack", "a pack"))
    years = chance.randint(2, 20)
    smoking = chance.choice(
        (
            Statement(
                "Social history",
                (
                    f"I {{smoke|still smoke}} about {pack} a day.",
                    f"{{Yeah|Yes|Unfortunately yes}}, about {pack} a day.",
                    f"{{I'm down to|Still}} {pack} {{a day|per day}}.",
                ),
                (f"The patient smokes {pack} per day.",),
                (
                    claim(
                        "history",
                        "smok; tobacco; cigarette",
                        f"{pack}; {pack.replace('half a', '0.5').replace('a ', '1 ')}",
                        said="a day; per day",
                    ),
                ),
                SMOKING_ASKED[:1],
            ),
            Statement(
                "Social history",
                (
                    "{No, never|Never|No, I've never} smoked, and I {don't drink|don't drink at all}.",
                    "No {smoking|cigarettes}, no alcohol.",
                    "{No|Nope}, neither. {I don't smoke and I don't drink.|No cigarettes and no alcohol.}",
                ),
                ("The patient does not smoke or drink alcohol.", "The patient denies tobacco and alcohol use."),
                (claim("history", "smok; tobacco", negated=True, said="smok; cigarettes"),),
                SMOKING_ASKED[1:],
            ),
            Statement(
                "Social history",
                (
                    f"I {{don't smoke|never smoked}}, {{maybe|but I have about}} #{drinks}# drinks a week.",
                    f"No {{smoking|cigarettes}}. {{I have|Maybe}} #{drinks}# drinks a week.",
                    f"{{Never smoked.|No cigarettes.}} {{Alcohol,|Wine,}} about #{drinks}# glasses a week.",
                ),
                (
                    f"The patient does not smoke and has {drinks} drinks per week.",
                    f"The patient denies smoking and drinks about {drinks} alcoholic beverages per week.",
                ),
                (claim("history", "smok; tobacco", negated=True, said="smok; cigarettes"),),
                SMOKING_ASKED[1:],
            ),
            Statement(
                "Social history",
                (
                    f"I quit {{smoking|cigarettes}} #{years}# years ago.",
                    f"Not anymore, I quit {{smoking |}}#{years}# years ago.",
                    f"I used to{{ smoke|}}, but I {{stopped|quit}} #{years}# years ago.",
                ),
                (f"The patient quit smoking {years} years ago.", f"The patient is a former smoker who quit {years} years ago."),
                (claim("history", "smok; former smoker; tobacco", str(years), said="quit; stopped"),),
                SMOKING_ASKED[:1],
            ),
        )
    )
    job = chance.choice(_WORK)
    work = Statement(
        "Social history",
        (
            f"I'm {article(job)} {job}.",
            f"{{Yeah|Yes}}, {{I'm still working as|I work as}} {article(job)} {job}.",
            f"I work as {article(job)} {job}{{, mostly full time|, it keeps me busy|}}.",
            f"I'm {article(job)} {job}, {{going on ten years now|same place as always|lots of hours}}.",
        ),
        (f"The patient works as {article(job)} {job}.",),
        (claim("history", job),),
        WORK_ASKED,
    )
    if age >= RETIRED:
        work = Statement(
            "Social history",
            (
                f"I'm retired, I {{used to be|was}} {article(job)} {job}.",
                f"{{No, I'm|I'm}} retired{{ now|}}. I was {article(job)} {job}{{ for many years|}}.",
                f"Retired{{, thank goodness| now|}}. {{Used to be|I used to be}} {article(job)} {job}.",
            ),
            (f"The patient is a retired {job}.",),
            (claim("history", "retired", job),),
            WORK_ASKED,
        )
    times, minutes = chance.randint(2, 6), chance.choice((20, 30, 40, 45))
    kind = chance.choice(("walk", "swim", "ride my bike", "go to the gym"))
    written = {"walk": "walks", "swim": "swims", "ride my bike": "rides a bike", "go to the gym": "goes to the gym"}[kind]
    exercise = chance.choice(
        (
            Statement(
                "Social history",
                (
                    f"I {kind} about #{times}# times a week, #{minutes}# minutes or so.",
                    f"{{Yeah|Yes}}, I {kind} for #{minutes}# minutes, maybe #{times}# {{times|days}} a week.",
                    f"{{I try.|Some.}} I {kind} #{times}# days a week for {{about |}}#{minutes}# minutes.",
                ),
                (f"The patient {written} {times} times a week for {minutes} minutes.",),
                (claim("history", written.split()[0], str(times), said=kind),),
                EXERCISE_ASKED,
            ),
            Statement(
                "Social history",
                (
                    "{Not really|Not as much as I should|Honestly, no}{, no exercise|, I don't exercise|}.",
                    "No, I {don't really exercise|haven't been exercising}.",
                    "{I sit all day|I'm at a desk all day}, so no, {not really|no exercise}.",
                ),
                ("The patient does not exercise regularly.",),
                (claim("history", "exercise", negated=True, said="desk; physical activity"),),
                EXERCISE_ASKED[:2] + EXERCISE_ASKED[4:],
            ),
        )
    )
    chosen = [smoking, work, exercise]
    chance.shuffle(chosen)
    return chosen[: chance.randint(1, 3)]
