# ruff: noqa: E501  # a template stays on one line
"""Pieces that cases share: problems and their status, orders, changes of medication, and what patients tell about any disease."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Assessment, Change, ChangeKind, Medication, Order, Statement, claim
from training.synth.drugs import DRUGS, Frequency
from training.synth.speech import likely

_STATUS: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "not at goal": (
        (
            "is not at goal{ right now|}",
            "isn't where {we want it|it should be}",
            "is not well controlled",
            "is above goal",
            "{still |}needs better control",
        ),
        "not at goal",
        "not at goal; uncontrolled; not well controlled; not controlled; above goal; poorly controlled; suboptimal; not under; inadequate",
    ),
    "well controlled": (
        ("is well controlled", "is under good control", "is doing well", "{looks|is} stable and well controlled"),
        "well controlled",
        "well controlled; well-controlled; stable; good control; at goal; doing well; controlled",
    ),
    "stable": (
        ("is stable", "{looks|has been} stable", "is stable, no {real |}change"),
        "stable",
        "stable; unchanged; no change; well controlled",
    ),
    "undertreated": (
        (
            "is undertreated{ right now|}",
            "{is|looks} undertreated, {the dose is|you're on} too {low|little}",
            "needs {a bit more|more} {medicine|hormone}, so {it's |}undertreated",
        ),
        "undertreated",
        "undertreated; under-treated; not at goal; inadequate; not well controlled; uncontrolled; too low; under-replaced",
    ),
    "overtreated": (
        (
            "is overtreated{ right now|}",
            "{is|looks} overtreated, the dose is {a little |}too {high|much}",
            "is now overtreated",
        ),
        "overtreated",
        "overtreated; over-treated; over-replaced; too high; overreplaced",
    ),
    "improving": (
        ("is improving", "is getting better", "has {really |}improved", "{is|looks} better than last time, improving"),
        "improving",
        "improv; better",
    ),
    "worsening": (("is getting worse", "has gotten worse", "is worsening"), "worsening", "worse"),
    "mild": (("is mild", "{looks|is} {pretty |}mild{ right now|}"), "mild", "mild"),
    "active": (
        ("is {still |}active", "is not controlled{ yet|}, it's still active", "remains active"),
        "active",
        "active; uncontrolled; not controlled; persistent",
    ),
}

_KNOWN: Final = (
    "{So, |Okay, |All right, |}your <dx> <state>",
    "{As for|In terms of|When it comes to} {your|the} <dx>, {I think |I'd say |}it <state>",
    "{So |}for {your|the} <dx>, {my impression is that |I'd say |}it <state>",
    "{I think|The way I see it,|Putting it all together,} {your|the} <dx> <state>",
    "{Let's talk about|Moving on to|About} {your|the} <dx>, {which|and it} <state>",
    "{Looking at {all this|the numbers|everything},|Based on {all this|these numbers|today},} your <dx> <state>",
    "{Now, |And |}the <dx> <state>{, in my opinion|, I'd say|}",
)
_NEW: Final = (
    "{So |}{what you have|this|all of this} {is|looks like} <dx>",
    "{These results|All of these numbers|The labs} {tell me|show|mean} {that |}you have <dx>",
    "{So |Okay, so |}the diagnosis {here |}is <dx>",
    "{I think|I believe|It's pretty clear} you have <dx>",
    "{Putting it all together,|Everything considered,} {this is|we're looking at|it's} <dx>",
    "What we're {dealing with|seeing} {here |}is <dx>",
    "{Your|The} {symptoms and labs|results} {fit with|point to|are consistent with} <dx>",
)


def problem(written: str, said: tuple[str, ...], names: str, status: str = "") -> Assessment:
    """A problem with its status.

    Args:
        written: As the note has it, with a capital.
        said: Ways to say it.
        names: Ways to write it, lower case, "a; b".
        status: One of the table; empty for a diagnosis that is made today.
    """
    listed = tuple(name.strip() for name in names.split(";"))
    spoken = f"{{{'|'.join(said)}}}"
    if not status:
        return Assessment(tuple(template.replace("<dx>", spoken) for template in _NEW), (f"{written}.",), listed)
    predicates, word, forms = _STATUS[status]
    state = f"{{{'|'.join(predicates)}}}"
    templates = tuple(template.replace("<dx>", spoken).replace("<state>", state) for template in _KNOWN)
    return Assessment(templates, (f"{written}, {word}.",), listed, tuple(form.strip() for form in forms.split(";")))


def taken(name: str, dose: str, frequency: Frequency) -> Medication:
    """A medication of the table."""
    drug = DRUGS[name]
    return Medication(drug, drug.amount(dose), frequency)


def change(kind: ChangeKind, name: str, dose: str, frequency: Frequency, before: str = "") -> Change:
    """A decision about a medication of the table."""
    drug = DRUGS[name]
    return Change(kind, taken(name, dose, frequency), drug.amount(before) if before else None)


def proceed(medication: Medication) -> Change:
    """Going on with a medication."""
    return Change("continue", medication)


def plural(number: int, unit: str) -> str:
    """A time with its unit: "3 months"."""
    return f"{number} {unit}" + ("s" if number != 1 else "")


def timed(number: int, unit: str) -> tuple[str, ...]:
    """Ways to write a time, lower case."""
    forms = [plural(number, unit)]
    if number == 1:
        forms += [f"one {unit}", f"a {unit}", *{"year": ("12 months",), "month": ("4 weeks",)}.get(unit, ())]
    small = "zero one two three four five six seven eight nine ten eleven twelve".split()
    if 1 < number < len(small):
        forms.append(f"{small[number]} {unit}s")
    return tuple(forms)


def recheck(what: str, names: str, number: int, unit: str, said: str = "") -> Order:
    """A laboratory test after a time."""
    test = said or what
    when = f"#{number}# {unit}s" if number > 1 else f"{{a|one}} {unit}"
    written = plural(number, unit) if number > 1 else f"one {unit}"
    return Order(
        (
            f"{{I'd like to|I want to|We'll|Let's|We're going to}} {{repeat|recheck|check}} {{your|the}} {test} in {when}",
            f"In {when} {{I want you to get|let's get|we'll get}} {{a repeat|another}} {test}",
            f"{{We need to|We should}} recheck {{your|the}} {test} in {{about |}}{when}{{, just to see where we are|}}",
            f"{{Please |}}{{get|have}} {{your|the}} {test} {{done again|repeated|rechecked}} in {when}",
            f"I'm {{ordering|putting in}} a repeat {test} for {when} from now",
            f"{{Then|And|So}} repeat {test} in {when}",
            f"We'll see what the {test} {{does|shows}} in {when}, {{so |}}I'll {{put in|order}} a repeat",
        ),
        (f"Repeat {what} in {written}.",),
        tuple(name.strip() for name in names.split(";")),
        timed(number, unit),
        major=True,
    )


def ordered(what: str, names: str, said: str = "") -> Order:
    """A test to be done now."""
    name = said or f"{{a|an}} {what}"
    return Order(
        (
            f"{{I'm going to|I'd like to|I want to|We'll|Let me|Let's}} {{order|get}} {name}{{ today| as well|, okay|}}",
            f"{{I also want|We also need}} {name}{{ to be sure| to be complete|}}",
            f"{{Before you leave|On your way out|Today}}, {{I'd like|let's get|we'll do}} {name}",
            f"{{I think we should|We should|It's time to}} {{get|do}} {name}",
            f"{{I'm putting in|I'll put in|I've put in}} an order for {name}",
            f"{{You're due for|You also need}} {name}{{, so I'll order it|, I'll order that|}}",
        ),
        (f"Order {what}.", f"{what[0].upper() + what[1:]} ordered."),
        tuple(name.strip() for name in names.split(";")),
        major=True,
    )


def referral(to: str, names: str, said: str, why: str = "") -> Order:
    """A referral; `why` is said and written."""
    reason = f" {why}" if why else ""
    return Order(
        (
            f"{{I'm going to|I'd like to|I want to|I'll|Let me}} refer you to {said}{reason}",
            f"{{I'm placing|I'll place|I'm putting in}} a referral to {said}{reason}",
            f"{{I'd like you to|I want you to}} see {said}{reason}, {{so |}}I'll {{send|put in}} {{a|the}} referral",
            f"{{We'll get you|Let's get you|I'll get you}} {{in with|an appointment with|in to see}} {said}{reason}",
            f"{{My office|The front desk}} will {{set up|arrange}} {{a referral to|a visit with}} {said}{reason}",
        ),
        (f"Refer to {to}{reason}.", f"Referral to {to}{reason}."),
        tuple(name.strip() for name in names.split(";")),
        major=True,
    )


def advice(said: tuple[str, ...], written: str, asked: tuple[str, ...] = ()) -> Statement:
    """Something explained or asked of the patient; with `asked`, in answer to a question of the patient."""
    return Statement("Plan", said, (written,), (), asked)


def duration(chance: random.Random, disease: str, low: int = 1, high: int = 15) -> Statement:
    """Since when the patient has a disease; `disease` is as patients call it."""
    years = max(2, min(round(chance.triangular(low, high, low + (high - low) / 3)), high))
    return Statement(
        "History",
        (
            f"{{About|Around|Maybe|Oh, about}} #{years}# years{{ now|, give or take|}}.",
            f"{{It's been|Going on|I'd say}} #{years}# years{{ now|}}.",
            f"#{years}# years{{, I think|, I believe| or so|}}.",
            f"{{Let me think|Um}}, {{it was |}}#{years}# years ago {{that they told me|when they found it}}.",
            f"They {{found it|told me}} #{years}# years ago.",
        ),
        (f"The patient has had {disease} for {years} years.", f"The patient was diagnosed with {disease} {years} years ago."),
        (claim("history", disease.lower(), f"{years} years; {years}-year"),),
        (
            f"{{How long have you had|How many years have you had}} {{the |}}{disease}{{ now|}}?",
            f"{{And w|W}}hen {{were you diagnosed|did they diagnose you}} with {disease}?",
            f"{{Remind me, how|How}} long {{has it been since|ago was}} {{the diagnosis|your diagnosis}} of {disease}?",
            f"{{So |}}how long {{have you been living|have you lived}} with {disease}?",
        ),
    )


def onset(chance: random.Random, what: str = "this") -> Statement:
    """Since when the complaint is there."""
    number, unit = chance.choice(
        ((2, "month"), (3, "month"), (4, "month"), (5, "month"), (6, "month"), (6, "week"), (8, "week"), (3, "week"))
    )
    return Statement(
        "History",
        (
            f"{{About|Around|Probably|I'd say}} #{number}# {unit}s{{ now| ago|}}.",
            f"{{It started|It all started|It began}} {{about |}}#{number}# {unit}s ago.",
            f"{{Maybe|For}} {{about |}}#{number}# {unit}s, {{and it's getting worse|slowly getting worse|it's not getting any better}}.",
            f"{{Um, |Well, |}}{{I first noticed it|I noticed it}} #{number}# {unit}s ago.",
            f"#{number}# {unit}s{{, maybe a little longer|, roughly| or so|}}.",
        ),
        (f"The patient's symptoms started {number} {unit}s ago.", f"Symptoms have been present for {number} {unit}s."),
        (claim("history", "symptom; onset; start; present", f"{number} {unit}s", said=f"{unit}"),),
        (
            f"{{How long has|How long's}} {what} been going on?",
            f"When did {{you first notice {what}|{what} start}}?",
            f"{{And h|H}}ow long have you {{had|noticed}} {{these symptoms|{what}}}?",
            f"When did {{the symptoms|{what}}} {{first start|begin|start}}?",
        ),
    )


def adherence(chance: random.Random, drug: str = "") -> Statement:
    """Whether the patient takes the medicine; `drug` is named in the question."""
    medicine = drug or "medications"
    asked = (
        f"{{Are you taking|Do you take|Have you been taking}} {{the|your}} {medicine} {{every day|regularly|as prescribed|like you're supposed to}}?",
        f"{{Do you ever|Do you}} {{miss|skip}} {{any |}}doses of {{the|your}} {medicine}?",
        f"{{Any|Have you had any}} {{missed doses|trouble remembering}} {{of|with}} {{the|your}} {medicine}?",
        f"How {{are you doing|is it going}} with taking {{the|your}} {medicine}?",
    )
    if likely(chance, 0.5):
        return Statement(
            "History",
            (
                "I {never miss|don't miss|haven't missed} {a dose|any}.",
                "{I take it|I'm good about it}, I {never|don't} {miss|skip} {a dose|doses}.",
                "{Never miss one|I haven't skipped one}, {I use a pill box|it's part of my routine|my <partner> would kill me}.",
                "{I'm very good about that|I'm religious about it}, no missed doses.",
            ),
            (
                f"The patient takes {medicine} as prescribed without missed doses.",
                f"The patient has not missed doses of {medicine}.",
            ),
            (claim("history", "missed; miss", negated=True, said="miss; skip"),),
            asked,
        )
    number = chance.choice((2, 3))
    when = chance.choice(("week", "month"))
    return Statement(
        "History",
        (
            f"{{Honestly, |To be honest, |Well, |}}I {{miss|skip|forget}} {{it |a dose |}}{{about |maybe |}}#{number}# times a {when}.",
            f"{{I try, but|I'm not perfect,}} I {{miss|forget}} {{maybe |about |}}#{number}# doses a {when}.",
            f"{{Not always.|Mostly.}} I'd say I {{miss|forget}} #{number}# {{doses|times}} a {when}.",
        ),
        (f"The patient misses {medicine} about {number} times a {when}.",),
        (claim("history", "miss; skip; forget", str(number), said="miss; skip; forget"),),
        asked,
    )


def diet(chance: random.Random) -> Statement:
    """How the patient eats."""
    bad = chance.choice(
        (
            "bread and soda",
            "pasta and desserts",
            "rice and tortillas",
            "fast food",
            "chips and soda",
            "sweets at night",
            "ice cream in the evening",
            "cereal and juice",
        )
    )
    good = chance.choice(("bread", "soda", "fried food", "sweets", "red meat", "late snacks"))
    asked = (
        "How {is your diet|has your diet been}{ lately|}?",
        "{What are you eating|How are you eating} {these days|lately}?",
        "{Tell me about your diet.|How about your diet?}",
        "And how's the {eating|food|diet} {going|side of things}?",
    )
    if likely(chance, 0.5):
        return Statement(
            "Social history",
            (
                f"{{Not great|Could be better|It's bad}}, {{too much|way too much}} {bad}.",
                f"{{I'll be honest|Honestly}}, I eat {{a lot of|too much}} {bad}.",
                f"{{My weakness is|I love}} {bad}, {{so I eat too much of that|I eat a lot of it}}.",
                f"{{Um, |Well, |}}{{there's|there has been}} a lot of {bad}.",
            ),
            (f"The patient eats a lot of {bad}.", f"The patient's diet includes a lot of {bad}."),
            (claim("history", bad),),
            asked,
        )
    return Statement(
        "Social history",
        (
            f"{{Pretty good|Better|Good}}, I cut {{out|back on}} {good}.",
            f"I've {{been cutting|cut}} {{back on|down on}} {good}.",
            f"{{I'm trying|Better than before}}. {{Less|A lot less}} {good}, {{I cut way back|I cut down on it}}.",
        ),
        (f"The patient has cut back on {good}.",),
        (claim("history", good),),
        asked,
    )
