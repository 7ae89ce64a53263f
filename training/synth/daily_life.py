# ruff: noqa: E501  # a template stays on one line
"""Everyday questions of any visit: sleep, home, weight, caffeine, vaccines, supplements, other care."""

from __future__ import annotations

import random

from training.synth.case import Case, Statement, claim
from training.synth.speech import likely


def daily_life(chance: random.Random, count: int, case: Case) -> list[Statement]:
    """Some of them, in random order, that do not contradict the case."""
    makers = [_home, _hospital, _caffeine, _flu_shot, _stress, _primary_care]
    symptoms = {symptom.written for symptom in [*case.present, *case.denied]}
    if "difficulty sleeping" not in symptoms:
        makers.append(_sleep)
    if case.diagnosis != "obesity" and not symptoms & {"weight gain", "weight loss"}:
        makers.append(_weight)
    if case.medications:
        makers.append(_supplements)
    return [maker(chance) for maker in chance.sample(makers, min(count, len(makers)))]


def _sleep(chance: random.Random) -> Statement:
    hours = chance.choice((5, 6, 7, 8))
    return Statement(
        "Social history",
        (
            f"{{About|Around|Maybe}} #{hours}# hours{{ a night|, on a good night|}}.",
            f"{{I get|I usually get}} {{about |}}#{hours}# hours{{ of sleep|}}, {{sometimes I wake up to go to the bathroom|my phone tells me|more on weekends}}.",
            f"{{I go to bed late|I watch too much television}}, so {{maybe|about}} #{hours}# hours.",
            f"#{hours}# hours, {{give or take|I'd say|if the cat lets me}}.",
        ),
        (f"The patient sleeps about {hours} hours per night.",),
        (claim("history", "sleep", str(hours), said="hours"),),
        (
            "{How many hours|How many hours a night} {do you sleep|are you sleeping}?",
            "How much {sleep are you getting|do you sleep}{ at night| these days|}?",
            "{And what about|How about} sleep, {how many hours|how much are you getting}?",
            "{Are you sleeping|Do you sleep} okay, {how many hours|how many hours would you say}?",
        ),
    )


def _home(chance: random.Random) -> Statement:
    who, written = chance.choice(
        (
            ("by myself", "alone"),
            ("with my <partner>", "with a spouse"),
            ("with my <partner> and kids", "with a spouse and kids"),
            ("with my daughter", "with a daughter"),
            ("with my son and his family", "with a son and his family"),
        )
    )
    return Statement(
        "Social history",
        (
            f"I live {who}{{, have for years|, and the dog|}}.",
            f"{{Right now|At the moment}} I live {who}.",
            f"{{Oh, |}}I'm living {who}{{ these days|}}.",
            f"I live {who}, {{it works out|it's quiet}}.",
        ),
        (f"The patient lives {written}.",),
        (claim("history", "lives; living; lives alone", written.split()[-1], said="live; living"),),
        (
            "{Who|And who} {do you live with|lives with you}{ at home|}?",
            "{Do you live|Are you living} alone{ or with someone|}?",
            "{Who's|And who's} at home with you?",
            "{Tell me about home.|What's home like?} Who do you live with?",
        ),
    )


def _hospital(chance: random.Random) -> Statement:
    del chance
    return Statement(
        "History",
        (
            "No{, thankfully|, none|, nothing like that|, knock on wood|}.",
            "{Nope|No}, {no hospital|I've stayed out of the hospital}{, thank goodness|}.",
            "{None|No, not one}, {I've been lucky|and I hope it stays that way}.",
        ),
        ("The patient has had no recent hospital or emergency room visits.",),
        (claim("history", "hospital; emergency", negated=True),),
        (
            "{Any|Have you had any} {hospital stays|hospital visits} or {emergency room visits|trips to the emergency room} {recently|lately|since I saw you}?",
            "{Have you been|Were you} in the hospital or {the ER|the emergency room} {recently|lately|since last time}?",
            "{Since your last visit|In the last few months}, any hospital or emergency {room |}visits?",
        ),
    )


def _caffeine(chance: random.Random) -> Statement:
    cups = chance.choice((2, 3, 4, 5))
    what = chance.choice(("coffee", "tea"))
    return Statement(
        "Social history",
        (
            f"{{About|Maybe|I drink}} #{cups}# cups of {what}{{ a day| every day|}}.",
            f"{{I do like my {what}.|Oh, yes.}} #{cups}# cups a day{{, easily|, at least|}}.",
            f"#{cups}# cups of {what}, {{mostly in the morning|all before noon|I can't start without it}}.",
            f"{{Too much, probably|Probably more than I should}}, #{cups}# cups of {what} a day.",
        ),
        (f"The patient drinks {cups} cups of {what} per day.",),
        (claim("history", f"{what}; caffeine", str(cups), said="cups"),),
        (
            f"How much {what} do you drink{{ in a day|}}?",
            f"{{Do you drink|Are you drinking}} {{a lot of |much |}}{what}?",
            f"{{And|Okay,}} caffeine, {{how much {what}|do you drink {what}}}?",
        ),
    )


def _flu_shot(chance: random.Random) -> Statement:
    done = likely(chance, 0.6)
    where = chance.choice(("at the pharmacy", "at work", "here"))
    asked = (
        "{Have you had|Did you get} your flu shot{ this year| this season| yet|}?",
        "{What about|And} {the |your }flu shot{, did you get that| this year|}?",
        "{Are you up to date on|How about} {the |your }flu {shot|vaccine}?",
    )
    if done:
        return Statement(
            "Past history",
            (
                f"{{Yes|Yeah|Yep}}, I {{got it|had it}} {where}{{ in October| last month| a few weeks ago|}}.",
                f"I {{got that|had that}} {where}{{, my arm was sore for days|, no problem|}}.",
                f"{{Already done|All done}}, {where}.",
            ),
            ("The patient received a flu shot this season.", "The patient has had a flu shot."),
            (claim("history", "flu"),),
            asked,
        )
    return Statement(
        "Past history",
        (
            "{No|Not yet}{, I haven't|, I keep forgetting|, I've been meaning to|}.",
            "{I haven't|Not this year}{, I'll do it soon|, I don't like needles|}.",
            "{Nope|No}, {I never get it|I skipped it|not this time}.",
        ),
        ("The patient has not had a flu shot.",),
        (claim("history", "flu", negated=True),),
        asked,
    )


def _supplements(chance: random.Random) -> Statement:
    what = chance.choice(("biotin", "fish oil", "a multivitamin", "turmeric", "magnesium", "none", "none", "none"))
    asked = (
        "{Do you take|Are you taking} any {supplements|over the counter supplements} {or herbs|or herbal products|}?",
        "{Any|And any} supplements, {like biotin|anything from the health food store|over the counter}?",
        "{What about|How about} supplements{, anything over the counter|, do you use any|}?",
    )
    if what == "none":
        return Statement(
            "Medications",
            (
                "No{, none|, nothing like that|, I don't believe in those|, no supplements|}.",
                "{Nope|None}{, just what's prescribed|, just what you see there|}.",
                "{I don't|No, I don't} take {any|supplements}.",
            ),
            ("The patient does not take supplements.", "The patient takes no supplements."),
            (claim("medication", "supplement", negated=True),),
            asked,
        )
    name = what.removeprefix("a ")
    return Statement(
        "Medications",
        (
            f"{{Just|Only}} {what}{{, when I remember| in the morning|}}.",
            f"{{I take|I've been taking}} {what}{{, my sister swears by it|, I saw it on TV|}}.",
            f"{{Does|Would}} {name} count? {{I take that|I take some of that}}.",
            f"{{Yes|Yeah}}, {what}{{, is that bad|, I hope that's okay|}}.",
        ),
        (f"The patient takes {what}.",),
        (claim("medication", name, major=True),),
        asked,
    )


def _weight(chance: random.Random) -> Statement:
    pounds = chance.choice((5, 6, 8, 10, 12))
    way = chance.choice(("up", "down", "same"))
    asked = (
        "{How has|What has} your weight been{ doing|}{ lately| since last time|}?",
        "{Has your weight|Has the scale} changed{ at all|}?",
        "{Any change in|What about} your weight{ at home| lately|}?",
    )
    if way == "same":
        return Statement(
            "History",
            (
                "{It's been|It's} {the same|pretty much the same|stable}{, give or take a pound|}.",
                "{No change|About the same}{, my clothes fit|, as far as I know|}.",
                "{Stable|Steady}{, I think|}, {same pants|no real change}.",
            ),
            ("The patient's weight has been stable.",),
            (claim("history", "weight", said="same; change; stable; steady"),),
            asked,
        )
    verb = {"up": "gained", "down": "lost"}[way]
    return Statement(
        "History",
        (
            f"{{I think |}}I {verb} {{about |maybe |}}#{pounds}# pounds.",
            f"{{I'm|It's}} {way} {{about |}}#{pounds}# pounds{{, I weigh myself every week| since the holidays|}}.",
            f"{{Well|Um}}, {{I'm|the scale is}} {way} #{pounds}# pounds.",
        ),
        (f"The patient has {verb} about {pounds} pounds.",),
        (claim("history", f"weight; pounds; {verb}", str(pounds), said="pounds"),),
        asked,
    )


def _stress(chance: random.Random) -> Statement:
    why = chance.choice(("work", "the move", "my mother's illness", "money", "the wedding planning", "the renovation"))
    return Statement(
        "Social history",
        (
            f"{{A lot|Quite a bit|Yes, lots}}, {{because of|mostly}} {why}.",
            f"{{It's been|Things have been}} stressful, {{with|because of}} {why}.",
            f"{{Oh, |Well, |}}{{the usual|some}}, {why} {{is a lot right now|keeps me up|is wearing me out}}.",
            f"{{Don't get me started|Tell me about it}}. {{Stress from|It's}} {why}{{, mostly|}}.",
        ),
        (f"The patient reports stress related to {why.replace('my ', 'a ') if 'my ' in why else why}.",),
        (claim("history", "stress", said="stress"),),
        (
            "{Are you under|Have you been under} a lot of stress?",
            "{How are|And how are} your stress levels{ these days|}?",
            "{Any|Is there} {more |}stress {lately|at the moment|these days}?",
        ),
    )


def _primary_care(chance: random.Random) -> Statement:
    when = chance.choice(("last month", "last week", "in the spring", "in the fall", "two months ago", "in the summer"))
    return Statement(
        "History",
        (
            f"{{I saw|I was with}} {{him|her}} {when}{{, everything was fine|, just a check-up|}}.",
            f"{when}{{, I think|, for a cold|, for my physical|}}.",
            f"{{It was|That was}} {when}{{, if I remember right|}}.",
            f"{{Um|Let me think}}, {when}.",
        ),
        (f"The patient last saw the primary care doctor {when}.",),
        (claim("history", "primary care; pcp", when, said="doctor"),),
        (
            "When did you last see your {primary care doctor|family doctor}?",
            "{And your|Your} {primary care|family} doctor, when was the last visit?",
            "{Have you seen|When have you seen} your {regular|family} doctor {recently|lately|last}?",
        ),
    )
