# ruff: noqa: E501  # a template stays on one line
"""The clinician tells vital signs, findings and results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from training.synth.beat import Beat
from training.synth.case import Claim, Finding, Result, Statement, Vitals
from training.synth.speech import Speech, listed, lowered

_T = TypeVar("_T")

_FLAGS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "high": (
        (
            "which is {a bit |a little |too |}high",
            "{and |so |}that's {high|elevated|too high}",
            "higher than {we want|normal}, {so |}elevated",
            "which is elevated",
            "{and |}that's above {normal|the range}, elevated",
            "so it's elevated",
        ),
        "elevated",
    ),
    "low": (
        ("which is {a bit |a little |too |}low", "{and |so |}that's {low|too low}", "{so |and |}it's {on the low side, |}low"),
        "low",
    ),
    "normal": (
        (
            "which is normal",
            "{and |}that's {normal|in the normal range}",
            "{that looks good|perfect|so that's fine}, {that's |}normal",
            "normal",
            "{completely|nice and} normal",
        ),
        "normal",
    ),
    "at goal": (("which is at goal", "{and |so |}that's at goal", "{right |}at goal{, well done|, nice work|}"), "at goal"),
    "": (("",), ""),
}

_PLURAL: Final = frozenset({"Triglycerides", "TPO antibodies", "Plasma metanephrines"})

_ARE: Final = {"is": "are", "was": "were"}

_RESULT: Final = (
    "{your|the} <lab> {is|was|came back at|is sitting at} <value><trend><flag>",
    "{I see|we got} your <lab> of <value><trend><flag>",
    "<lab> {is|was|came in at} <value><trend><flag>",
    "{the|your} <lab> {this time |}{is|was} <value><trend><flag>",
    "for {the|your} <lab>, {it's|we have|it was} <value><trend><flag>",
)

_RESULTS_INTRO: Final = (
    "{So let's|Let's} {look at|go over} your {labs|results|blood work}.",
    "{I have|I've got} your {results|labs} {here|back}.",
    "{Okay, so|Now,} {your labs|the results|the blood work}.",
    "Your {labs|tests|results} are back.",
    "{I looked at|I went over} your {labs|results} {this morning|before you came in}.",
    "{All right, the numbers.|Now for the results.}",
    "",
    "",
)

_VITALS_INTRO: Final = (
    "{So |}{today |}",
    "{Looking at|Let me look at} your vitals, ",
    "{The nurse|My nurse} {got|took} your vitals, {and |}",
    "{Okay, your|All right, your} vitals first, ",
    "{From the vitals today|Here's what we measured today}, ",
)

_WEIGHT: Final = (
    "{your |}weight is #<w># pounds{ today|}",
    "you weigh #<w># pounds",
    "weight{ is|} #<w># pounds",
    "{your |}weight today, #<w># pounds",
    "you're at #<w># pounds{ on the scale|}, weight-wise",
)

_EXAM_INTRO: Final = (
    "{Let me|I'm going to|I'd like to} {take a look at you|examine you|do a quick exam}{ now|}.",
    "{Hop|Go ahead and hop} up on the table{ for me|}.",
    "{Okay, let's|Let's} {do|get to} the exam.",
    "{Take|Go ahead and take} a deep breath {for me|in and out}. {Good.|Again.|}",
    "{I'll|Let me} tell you what I {find|see} as I go.",
    "",
    "{On exam|On your exam},",
)


def vitals(speech: Speech, found: Vitals) -> Beat:
    """Vital signs as the clinician reads them."""
    beat = Beat()
    parts = [
        (
            speech.fill(
                (
                    "{your |}blood pressure {is|was} <bp>",
                    "blood pressure{'s|} <bp>",
                    "your pressure {is|was} <bp>",
                    "{your |the |}BP is <bp>",
                ),
                bp=speech.fill(
                    f"{{#{found.systolic}# over #{found.diastolic}#|#{found.systolic}# over #{found.diastolic}#|{found.systolic}/{found.diastolic}}}"
                ),
            ),
            f"Blood pressure is {found.systolic}/{found.diastolic}.",
            Claim(
                "vital",
                ("blood pressure", "bp"),
                (f"{found.systolic}/{found.diastolic}", f"{found.systolic} over {found.diastolic}"),
                said=("pressure",),
            ),
        ),
        (
            speech.fill(tuple(form.replace("<w>", str(found.weight)) for form in _WEIGHT)),
            f"Weight is {found.weight} pounds.",
            Claim("vital", ("weight", "weighs"), (str(found.weight),), said=("weigh",)),
        ),
    ]
    if speech.maybe(0.7):
        parts.append(
            (
                speech.fill((f"{{your |}}{{pulse|heart rate}} {{is|was}} #{found.pulse}#", f"pulse{{ of|}} #{found.pulse}#")),
                f"Pulse is {found.pulse}.",
                Claim("vital", ("pulse", "heart rate", "hr"), (str(found.pulse),)),
            )
        )
    if speech.maybe(0.4):
        parts.append(
            (
                speech.fill((f"{{your |}}BMI is #{found.bmi}#", f"a BMI of #{found.bmi}#")),
                f"BMI is {found.bmi}.",
                Claim("vital", ("bmi", "body mass index"), (found.bmi,)),
            )
        )
    if found.temperature:
        parts.append(
            (
                speech.fill((f"{{your |}}temperature is #{found.temperature}#", f"temperature{{ of|}} #{found.temperature}#")),
                f"Temperature is {found.temperature}.",
                Claim("vital", ("temperature", "temp"), (found.temperature,)),
            )
        )
    first, rest = parts[0], parts[1:]
    speech.chance.shuffle(rest)
    chosen = [first, *rest]
    turn = beat.clinician(
        speech.say(_VITALS_INTRO) + " " + speech.fill(("<list>",), list=listed([said for said, _, _ in chosen])) + "."
    )
    for _, written, claim in chosen:
        beat.line("Examination", written, turn)
        beat.claim(claim, turn)
    return beat


def examination(speech: Speech, found: Sequence[Finding]) -> list[Beat]:
    """Findings, a few at a time."""
    beats = []
    for number, group in enumerate(_groups(speech, found, (1, 2, 2, 3))):
        beat = Beat()
        if number == 0 and (intro := speech.say(_EXAM_INTRO)):
            beat.clinician(intro)
            if speech.maybe(0.5):
                beat.patient(speech.say(("{Okay|Sure|All right}.",)))
                beat.clinician(_sentences(speech, [speech.fill(finding.said) for finding in group]))
            else:
                text = beat.turns.pop().text
                beat.clinician(f"{text} {_sentences(speech, [speech.fill(finding.said) for finding in group])}")
        else:
            beat.clinician(_sentences(speech, [speech.fill(finding.said) for finding in group]))
        turn = len(beat.turns) - 1
        for finding in group:
            beat.line("Examination", speech.pick(finding.written), turn)
            beat.claim(
                Claim(
                    "finding",
                    finding.names,
                    negated=finding.negated,
                    severity="major" if finding.major else "minor",
                    said=("",),
                ),
                turn,
            )
        beats.append(beat)
    return beats


def results(speech: Speech, found: Sequence[Result | Statement]) -> list[Beat]:
    """Laboratory values and imaging, a few at a time."""
    beats = []
    for number, group in enumerate(_groups(speech, found, (1, 2, 2, 3))):
        beat = Beat(tail="result")
        told = [_result(speech, item) for item in group]
        intro = speech.say(_RESULTS_INTRO) if number == 0 else speech.say(("{And |Also, |}", "", "{Now, |Next, }"))
        text = _sentences(speech, [said for said, _, _ in told])
        turn = beat.clinician(f"{intro} {lowered(text) if intro.endswith(',') else text}")
        for _, written, claims in told:
            beat.line("Results", written, turn)
            for claim in claims:
                beat.claim(claim, turn)
        beats.append(beat)
    return beats


def _result(speech: Speech, item: Result | Statement) -> tuple[str, str, tuple[Claim, ...]]:
    if isinstance(item, Statement):
        return speech.fill(item.said), speech.pick(item.written), item.claims
    unit_said = speech.pick(item.unit_said)
    flag_said, flag = _FLAGS[item.flag]
    trend_said = trend = ""
    if item.previous and float(item.previous) != float(item.value):
        way = "up" if float(item.value) > float(item.previous) else "down"
        trend_said, trend = (
            speech.fill((f", {{{way} from|and that's {way} from|{way} from}} #{item.previous}#{{ last time|}}",)),
            f", {way} from {item.previous}",
        )
    unit = item.unit if unit_said or item.unit == "%" else ""
    space = "" if unit in {"%", ""} else " "
    said = speech.fill(
        _RESULT,
        lab=speech.pick(item.said),
        value=speech.fill(f"#{item.value}# <unit>", unit=unit_said).strip(),
        trend=trend_said,
        flag=f", {speech.fill(flag_said)}" if item.flag else "",
    )
    said = said.replace(" %", "%")
    verb = "is"
    if item.written in _PLURAL:
        verb = "are"
        said = re.sub(r"\b(is|was)\b(?= (?:sitting|#|\d|[a-z]+ (?:point|hundred)))", lambda match: _ARE[match[1]], said)
    if trend and unit == "%":
        trend += "%"
    written = f"{item.written} {verb} {item.value}{space}{unit}{f', {flag}' if flag else ''}{trend}."
    values = (
        (f"{item.value}%", f"{item.value} %", item.value)
        if item.unit == "%"
        else (f"{item.value} {item.unit}", item.value)
        if item.unit
        else (item.value,)
    )
    said_names = tuple(name.lower().split(",")[0] for name in item.said)
    return (
        said,
        written,
        (
            Claim(
                "result",
                tuple(dict.fromkeys([*item.names, *said_names])),
                values,
                severity="major" if item.major or item.flag in {"high", "low"} else "minor",
            ),
        ),
    )


def _sentences(speech: Speech, said: Sequence[str]) -> str:
    parts = [said[0]]
    for text in said[1:]:
        link = speech.fill("{. |. |, and |. And |. Then }")
        parts += [link, text if link == ". " else lowered(text)]
    return "".join([*parts, "."])


def _groups(speech: Speech, items: Sequence[_T], sizes: tuple[int, ...]) -> list[list[_T]]:
    groups: list[list[_T]] = []
    rest = list(items)
    while rest:
        size = speech.chance.choice(sizes)
        groups.append(rest[:size])
        rest = rest[size:]
    return groups
