# ruff: noqa: E501  # a template stays on one line
"""Findings of the examination."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Finding

# Key | region | said; said | written; written | names; names | marks (n negated, m major).
_TABLE: Final = """
general | general | you look {well|comfortable|good}; you're in no distress, {which is good|} | Patient is in no acute distress. | no acute distress; no distress |
neck normal | neck | your thyroid {feels normal|is normal size}, no nodules {that I can feel|}; thyroid is normal in size {and|with} no nodules; {no goiter|no enlargement} and no nodules {in|on} the thyroid | Thyroid is normal in size without nodules.; No thyroid enlargement or nodules. | nodule | n
goiter | neck | your thyroid is {a little|mildly|slightly} enlarged; there's a {small|mild} goiter; {I can feel|I do feel} that the thyroid is a bit {enlarged|big, so a small goiter} | Thyroid is mildly enlarged. | thyroid; goiter | m
diffuse goiter | neck | your thyroid is {diffusely enlarged|enlarged on both sides}, {no nodules|and I don't feel nodules}; there's a diffuse goiter, {smooth and |}without nodules | Thyroid is diffusely enlarged without nodules. | thyroid; goiter | m
bruit | neck | there's a {soft |}bruit over the thyroid; I {can |}hear a {soft |}bruit over your thyroid | Thyroid bruit is present. | bruit |
nodule right | neck | I {can |}feel a {nodule|lump} on the right side {of your thyroid|of the thyroid}; there's a {firm |}nodule in the right {lobe of the thyroid|thyroid lobe} | There is a palpable nodule in the right thyroid lobe. | nodule | m
nodule left | neck | I {can |}feel a {nodule|lump} on the left side {of your thyroid|of the thyroid}; there's a {firm |}nodule in the left {lobe of the thyroid|thyroid lobe} | There is a palpable nodule in the left thyroid lobe. | nodule | m
no nodes | neck | {I don't feel any|no} {swollen |enlarged }lymph nodes {in your neck|in the neck}; lymph nodes in the neck are {fine, none enlarged|not enlarged} | No cervical lymphadenopathy. | lymph | n
heart | heart | {your |}heart is regular, {no murmurs|I hear no murmurs|no murmur}; heart {sounds good, |}{regular|regular rate and rhythm}, no murmurs; heart regular rate and rhythm without murmurs | Heart has a regular rate and rhythm without murmurs.; Regular rate and rhythm with no murmurs. | murmur | n
fast heart | heart | your heart is {beating fast|fast} but regular; {heart is regular, but|regular rhythm, but it's} fast, {so tachycardic|tachycardic} | Heart is tachycardic with a regular rhythm. | tachycardi; fast | m
slow heart | heart | heart rate is {a little|on the} slow {side|}, but {it's |}regular | Heart is slow with a regular rhythm. | slow; bradycardi |
lungs | lungs | {your |}lungs are clear; lungs {sound|are} clear {on both sides|bilaterally|to auscultation}; I hear clear lungs{ on both sides|} | Lungs are clear.; Lungs are clear to auscultation. | lungs |
abdomen | abdomen | {your |}belly is soft {and not tender|, no tenderness}; abdomen is soft{, nontender| and nontender} | Abdomen is soft and nontender. | abdomen |
feet normal | feet | {your feet look good|feet look fine}, {pulses are good|good pulses}, {and you feel the monofilament everywhere|sensation is intact to the monofilament}; foot exam is normal, {good |strong }pulses and {normal sensation|sensation is intact}| Foot examination shows intact sensation and good pulses. | sensation |
feet numb | feet | you {can't|don't} feel the monofilament {on either foot|on your toes}, {so there's|there's} decreased sensation in both feet; sensation is {decreased|reduced} in both feet {with the monofilament|to the monofilament|} | Sensation is decreased in both feet. | sensation; monofilament | m
no ulcers | feet | no {sores|ulcers|open sores} on {your|the} feet; {I see|there are} no ulcers on your feet | No foot ulcers. | ulcer; sores | n
no edema | legs | no swelling in {your|the} legs; {there's |}no edema {in the legs|in your legs} | No lower extremity edema. | edema; swelling | n
tremor | hands | {I see|there's|you have} a fine tremor {in your hands|when you hold your hands out|of the hands} | Fine tremor of the hands. | tremor | m
no tremor | hands | no tremor {in your hands|when you hold them out|of the hands}; hands are steady, no tremor | No tremor of the hands. | tremor | n
reflexes slow | neuro | your reflexes are {a little slow|slow to relax|a bit sluggish, so delayed}; reflexes are delayed | Reflexes are delayed. | reflex |
reflexes brisk | neuro | your reflexes are brisk; {brisk|very brisk} reflexes | Reflexes are brisk. | reflex |
reflexes normal | neuro | reflexes are normal; your reflexes are {normal|fine, normal} | Reflexes are normal. | reflex |
dry skin | skin | your skin is {a little |pretty |}dry; skin is dry | Skin is dry. | dry |
acanthosis | skin | {I see|there's} some {darkening of the skin|acanthosis} on {the|your} neck, {what we call |that's |}acanthosis nigricans; you have acanthosis nigricans {on the back of|around} the neck | Acanthosis nigricans is present on the neck. | acanthosis |
lid lag | eyes | {there's|you have} {some|a little|mild} lid lag; your eyelids lag {a little|a bit}, {so |}some lid lag | Lid lag is present. | lid lag |
proptosis | eyes | your eyes {are|look} {a little prominent|a bit prominent}, mild proptosis; there's {some|mild} proptosis {of both eyes|in both eyes} | Mild proptosis is present. | proptosis; prominent | m
no proptosis | eyes | no bulging of {your|the} eyes, {so |}no proptosis; eyes are fine, no proptosis | No proptosis. | proptosis; bulging | n
visual fields full | eyes | your visual fields are {full|normal, full}; visual fields full {when I test them|on both sides} | Visual fields are full. | visual field |
bitemporal | eyes | you {miss|don't see} my fingers on the outer side of both eyes, {so |that's |}bitemporal {field loss|loss of the visual field}; visual fields show {some |}bitemporal loss | Visual fields show bitemporal loss. | bitemporal; visual field | m
spine tender | back | there's {a spot that's tender|some tenderness} over the {middle|mid} spine; you're tender over the mid spine | There is tenderness over the mid spine. | tender; spine | m
spine normal | back | no tenderness {over|along} {the|your} spine; {your |}spine isn't tender, no tenderness {at all|} | No spinal tenderness. | tender | n
kyphosis | back | {I see|there's} {some|mild} {rounding of the upper back, |}kyphosis; you have {a little|mild} kyphosis | Mild kyphosis is present. | kyphosis |
gait | neuro | {your |}walking is steady, {gait is normal|normal gait}; gait is {steady|normal, steady} | Gait is steady. | gait |
moon face | face | your face is {rounder|round and a bit red}, {so |}facial rounding {and redness|}; there's {some |}facial rounding | Facial rounding is present. | rounding; round; moon | m
striae | skin | {I see|there are} {wide |}purple {stretch marks|striae} on {your|the} {abdomen|belly}, {purple |}striae; purple striae on the abdomen | Purple striae are present on the abdomen. | striae; stretch marks | m
no striae | skin | no {purple |}stretch marks, {so |}no striae; skin {looks fine|okay}, no striae | No striae. | striae; stretch marks | n
bruises | skin | {I see|there are} {a few|several|some} bruises on {your|the} arms | Bruises are present on the arms. | bruis |
proximal weakness | neuro | your {thigh muscles|legs} are weak {getting up|when you stand from the chair}, {so |}some proximal weakness; there's {some |}proximal muscle weakness | Proximal muscle weakness is present. | weakness | m
strength | neuro | strength is {normal|good} {in your arms and legs|throughout|}; {your |}strength is normal | Strength is normal. | strength |
hyperpigmentation | skin | {your skin is|the skin is} darker {in the creases of your hands|on the palms and gums}, {some |}hyperpigmentation; there's {some |}hyperpigmentation {of the palms|in the creases} | Hyperpigmentation is present. | hyperpigmentation; darker; pigment | m
hirsutism | skin | {I see|there's} {some |}{coarse |dark }hair on the chin and {upper lip|abdomen}, {so |mild }hirsutism; {mild|moderate} hirsutism on the {face|chin} | Hirsutism is present on the face. | hirsutism; hair |
acne | skin | {I see|there's} {some |mild }acne {on your jaw|on the face|along the jaw} | Acne is present on the face. | acne |
acral | hands | your hands {are large and|look} {puffy|thick}, {some |}enlargement of the hands; there's enlargement of {the hands and feet|your hands} | Enlargement of the hands is present. | hands | m
breasts normal | breasts | no discharge {from the breasts |}{when I press|today|}, {no galactorrhea|so no galactorrhea}; breast exam shows no galactorrhea | No galactorrhea. | galactorrhea; discharge | n
xanthelasma | eyes | {I see|there are} {small |}yellow {spots|deposits} {by|around} your eyelids, xanthelasma; there's xanthelasma on the eyelids | Xanthelasma is present on the eyelids. | xanthelasma |
no xanthomas | skin | no {cholesterol deposits|xanthomas} {on the tendons|}, {no xanthomas|so no xanthomas}; I don't see any xanthomas | No xanthomas. | xanthoma | n
chvostek | face | {when I tap your cheek|tapping on the cheek}, {the lip twitches|there's a twitch}, {so |that's |}a positive Chvostek sign; Chvostek sign is positive | Chvostek sign is positive. | chvostek | m
no chvostek | face | {when I tap your cheek nothing twitches|tapping on your cheek is fine}, {so |}Chvostek sign is negative; Chvostek sign is negative | Chvostek sign is negative. | chvostek | n
injection sites | skin | {your |}injection sites {look good|are fine}, no lumps; no lumps at {your|the} injection sites | Injection sites show no lumps. | lump | n
scar | neck | {your|the} neck scar {is|has} {well healed|healed well}; {your |}surgical scar on the neck is well healed | Neck scar is well healed. | scar |
waist | abdomen | {most of the weight is|you carry the weight} around the middle, {so |}central obesity; there's central obesity | Central obesity is present. | central obesity |
"""


def _read(row: str) -> tuple[str, Finding]:
    key, region, rest = row.split(" | ", 2)
    head, names, marks = rest.rsplit("|", 2)
    said, written = head.rstrip().removesuffix("|").rsplit("|", 1)

    def parts(cell: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in cell.split(";") if part.strip())

    return key, Finding(region, parts(said), parts(written), parts(names), "n" in marks, "m" in marks)


FINDINGS: Final = dict(map(_read, _TABLE.strip().splitlines()))


def findings(chance: random.Random, sure: str, perhaps: str = "", most: int = 4) -> list[Finding]:
    """Findings by key.

    Args:
        chance: Source of all choices.
        sure: Keys "a, b" of those that are always there.
        perhaps: Keys of which up to `most` are added.
        most: Most of those.
    """
    keys = [key.strip() for key in sure.split(",") if key.strip()]
    extra = [key.strip() for key in perhaps.split(",") if key.strip()]
    chosen = keys + chance.sample(extra, min(len(extra), chance.randint(max(0, most - 2), most)))
    chance.shuffle(chosen)
    return [FINDINGS[key] for key in chosen]
