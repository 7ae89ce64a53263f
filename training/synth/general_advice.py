# ruff: noqa: E501  # a template stays on one line
"""Advice and wishes of any visit, whatever the disease."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Case, Statement, claim
from training.synth.cases.parts import advice

_ANY: Final = (
    advice(
        (
            "{Come|Please come} in fasting for the next {blood draw|labs}, {nothing but water|only water} for #8# hours{ before|}",
            "{One thing,|Oh, and} for the next {blood draw|labs}, fast, nothing to eat for #8# hours{ beforehand, water is fine|, so fasting|}",
            "{I'd like|I want} the next {blood draw|labs} fasting, so {nothing but water|only water} for #8# hours",
        ),
        "Fast for 8 hours before the next blood draw.",
    ),
    advice(
        (
            "{Bring|Please bring} all your {pill bottles|medicines} {to the next visit|next time}{, the vitamins too|, even the vitamins|}",
            "{Next time,|At the next visit,} {bring|please bring} {in |}all {your|the} {pill bottles|medicines}{, so we can go through them|}",
            "{It helps me|It would help} if you {bring|brought} all {your|the} {pill bottles|medicines} {next time|to the next visit}",
        ),
        "Bring all medications to the next visit.",
    ),
    advice(
        (
            "{Yes,|Sure,} {stay|please stay|keep} active, {walking is great|it's good for everything|just don't overdo it}.",
            "{Absolutely|Of course}, {stay active|I want you to stay active}{, within reason|, listen to your body|}.",
        ),
        "Stay active.",
        (
            "{Can I|Is it okay to|Am I allowed to} {exercise|keep exercising|go back to the gym}?",
            "{What about|How about} exercise, {is that okay|any limits}?",
            "{Is there anything I can't do|Any restrictions}, {like exercise|like at the gym}?",
        ),
    ),
    advice(
        (
            "{You can send a message through|Send me a message through} the {patient |}portal{ anytime|}, {we check it every day|the nurses read it every morning}.",
            "{Through the portal is best|The portal is the easiest way}, {just send a message|write me anytime}.",
            "{Write me a message|Send a message} through the portal, {or call if it's urgent|that's fastest}.",
        ),
        "Send a message through the portal with questions.",
        (
            "{How do I|What's the best way to} reach you {if something comes up|with questions|between visits}?",
            "{If I have|And if I have} {more |}questions later, {what do I do|who do I call}?",
        ),
    ),
    advice(
        (
            "{Keep|Try to keep|Please keep} a {log|little log} of your symptoms{ until I see you again| for me|}",
            "{It would help me|It helps} if you {keep|kept} a {log|daily log} of {your|the} symptoms{, nothing fancy|}",
            "{Write down|Jot down} your symptoms, {keep a little log|a simple log is fine}",
        ),
        "Keep a log of the symptoms.",
    ),
    advice(
        (
            "{I'll|We'll} send {a copy of my note|my note|a letter} to your {family|primary care} doctor{ today|, so everybody's on the same page|}",
            "{Your|And your} {family|primary care} doctor {will get|gets} a copy of {my|this} note{ from me|}",
        ),
        "The primary care doctor will get a copy of the note.",
    ),
)
_REFILL: Final = Statement(
    "Plan",
    (
        "{Sure|Of course|Yes}, {I'll send|I'm sending} {in |}a #90# day refill{ to your pharmacy| right now| today|}.",
        "{No problem|Done}. {I put in|I just sent} a #90# day refill.",
        "{Absolutely|Yes}, {we'll do|let's do} a #90# day refill{, saves you a trip|}.",
    ),
    ("A 90-day refill was sent.", "Refill for 90 days."),
    (claim("order", "refill", "90"),),
    (
        "{I'm running low|I'm almost out}, {can I get|could I get} {a refill|refills}?",
        "{Can you|Could you} {refill my prescriptions|send refills}{ while I'm here|}?",
        "{Oh, and I|Oh, I also} need {a refill|refills}{, if that's okay|}.",
    ),
)


def general_advice(chance: random.Random, case: Case) -> list[Statement]:
    """Up to three that fit the case."""
    stays = any(change.kind == "continue" for change in case.changes)
    return chance.sample([*_ANY, *([_REFILL] if stays else [])], chance.randint(0, 3))
