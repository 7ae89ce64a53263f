"""Sentences that a speech recognizer is measured on: endocrine drugs, tests, numbers with units and everyday phrases.

The same seed gives the same sentences. Nothing here comes from a patient or from an evaluation set.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

WordClass = Literal["drug", "lab", "number", "other"]
"""What a said word is about: word error rates are reported for each."""
ROUNDS: Final = 3
"""How often each drug and each test is said, each time in another sentence and another voice."""

DRUGS: Final = tuple(
    tuple(entry.strip().split(" | "))
    for entry in """
Actonel | 35 milligrams weekly; Actos | 15 milligrams daily; Aldactone | 50 milligrams daily;
alendronate | 70 milligrams weekly; Amaryl | 2 milligrams with breakfast; amlodipine | 5 milligrams daily;
apixaban | 5 milligrams twice a day; aspirin | 81 milligrams daily; atenolol | 25 milligrams daily;
atorvastatin | 40 milligrams at night; bromocriptine | 2.5 milligrams at night; cabergoline | 0.5 milligrams twice a week;
calcitriol | 0.25 micrograms twice a day; calcium carbonate | 1250 milligrams with meals;
calcium citrate | 600 milligrams twice a day; chlorthalidone | 25 milligrams daily; cholecalciferol | 2000 units daily;
cinacalcet | 30 milligrams daily; clomiphene | 50 milligrams for five days; Cortef | 10 milligrams in the morning;
Cozaar | 100 milligrams daily; Crestor | 10 milligrams daily; dapagliflozin | 10 milligrams daily;
denosumab | 60 milligrams every six months; desmopressin | 0.1 milligrams at night;
dexamethasone | 1 milligram at eleven at night; dulaglutide | 1.5 milligrams weekly; empagliflozin | 25 milligrams daily;
ergocalciferol | 50000 units weekly; escitalopram | 10 milligrams daily; estradiol | 1 milligram daily;
Evenity | 210 milligrams once a month; evolocumab | 140 milligrams every two weeks; ezetimibe | 10 milligrams daily;
Farxiga | 10 milligrams every morning; fenofibrate | 145 milligrams daily; fludrocortisone | 0.1 milligrams daily;
Forteo | 20 micrograms daily; Fosamax | 70 milligrams once a week; gabapentin | 300 milligrams at night;
glimepiride | 4 milligrams with breakfast; glipizide | 5 milligrams twice a day; glucagon | 1 milligram in an emergency;
Glucophage | 1000 milligrams twice a day; Humalog | 8 units with meals; hydrochlorothiazide | 12.5 milligrams daily;
hydrocortisone | 15 milligrams in the morning; icosapent ethyl | 2 grams twice a day; insulin aspart | 6 units with meals;
insulin degludec | 28 units daily; insulin glargine | 24 units at bedtime; insulin lispro | 10 units before meals;
Isturisa | 2 milligrams twice a day; Januvia | 100 milligrams daily; Jardiance | 10 milligrams daily;
ketoconazole | 200 milligrams twice a day; lanreotide | 120 milligrams every four weeks; Lantus | 30 units at night;
levothyroxine | 88 micrograms every morning; Lexapro | 20 milligrams daily; linagliptin | 5 milligrams daily;
liothyronine | 5 micrograms twice a day; Lipitor | 20 milligrams at night; liraglutide | 1.8 milligrams daily;
lisinopril | 20 milligrams daily; losartan | 50 milligrams daily; metformin | 500 milligrams twice a day;
methimazole | 10 milligrams daily; metoprolol succinate | 25 milligrams twice a day; Mounjaro | 7.5 milligrams weekly;
Neurontin | 300 milligrams three times a day; Norvasc | 10 milligrams daily; Novolog | 12 units with dinner;
NPH insulin | 18 units twice a day; octreotide | 20 milligrams every month; omeprazole | 20 milligrams before breakfast;
osilodrostat | 2 milligrams twice a day; Ozempic | 1 milligram weekly; penicillin | 250 milligrams;
phentermine | 37.5 milligrams in the morning; pioglitazone | 30 milligrams daily;
potassium chloride | 20 milliequivalents daily; prednisone | 5 milligrams daily; Prilosec | 40 milligrams daily;
progesterone | 200 milligrams at night; Prolia | 60 milligrams every six months;
propranolol | 20 milligrams three times a day; propylthiouracil | 100 milligrams three times a day;
radioactive iodine | 15 millicuries; raloxifene | 60 milligrams daily; Reclast | 5 milligrams once a year;
Repatha | 140 milligrams every two weeks; risedronate | 35 milligrams weekly; Rocaltrol | 0.5 micrograms daily;
romosozumab | 210 milligrams every month; rosuvastatin | 20 milligrams daily; Rybelsus | 7 milligrams daily;
Sandostatin | 30 milligrams every month; semaglutide | 0.5 milligrams weekly; Sensipar | 60 milligrams daily;
sertraline | 50 milligrams daily; simvastatin | 20 milligrams at night; sitagliptin | 100 milligrams daily;
Somatuline | 90 milligrams every four weeks; spironolactone | 100 milligrams daily; Synthroid | 112 micrograms daily;
teriparatide | 20 micrograms daily; testosterone cypionate | 100 milligrams every week; tirzepatide | 2.5 milligrams weekly;
Toprol | 50 milligrams daily; Tresiba | 40 units daily; Tricor | 145 milligrams daily; Trulicity | 0.75 milligrams weekly;
Vascepa | 2 grams twice a day; Victoza | 1.2 milligrams daily; vitamin D3 | 1000 units daily; Wegovy | 2.4 milligrams weekly;
Zestril | 10 milligrams daily; Zetia | 10 milligrams daily; Zocor | 40 milligrams at night;
zoledronic acid | 5 milligrams once a year; Zoloft | 100 milligrams daily
""".split(";")
)
"""Name and usual dose."""

LABS: Final = tuple(
    tuple(entry.strip().split(" | "))
    for entry in """
A1c | 7.8 percent | 9.2 percent | 6.4 percent; ACTH | 14 | 88 | 5; albumin | 4.1 | 3.6 | 4.4; aldosterone | 22 | 31 | 9;
alkaline phosphatase | 96 | 142 | 71; ALT | 38 | 52 | 24; bicarbonate | 24 | 19 | 27; B12 | 310 | 188 | 540;
C-peptide | 2.1 | 0.3 | 1.4; calcitonin level | 3 | 12 | 6; calcium | 10.9 | 8.6 | 11.4; cortisol | 3.2 | 18.5 | 14.1;
creatinine | 1.1 | 0.9 | 1.4; DHEAS | 320 | 410 | 185; DEXA scan | minus 2.7 | minus 1.8 | minus 3.1; eGFR | 68 | 54 | 91;
ferritin | 18 | 45 | 120; fasting glucose | 128 | 164 | 99; free T3 | 3.4 | 7.9 | 2.2; free T4 | 1.2 | 3.8 | 0.6;
FSH | 6.2 | 48 | 2.9; GAD antibodies | 25 | 250 | 90; growth hormone | 0.4 | 6.8 | 12; HDL | 42 | 38 | 55;
hemoglobin | 13.2 | 11.8 | 14.6; IGF-1 | 412 | 180 | 655; LDL | 112 | 158 | 74; LH | 11 | 4.5 | 1.8;
magnesium | 1.9 | 1.5 | 2.1; metanephrines | 0.4 | 1.9 | 0.7; parathyroid hormone | 94 | 22 | 131;
phosphorus | 3.1 | 2.2 | 4.4; potassium | 4.2 | 3.3 | 5.4; prolactin | 14 | 86 | 210; renin | 0.3 | 2.4 | 0.9;
sodium | 139 | 131 | 146; testosterone level | 220 | 48 | 310; thyroglobulin | 0.2 | 14 | 3.5;
thyroid peroxidase antibodies | 340 | 612 | 58; total cholesterol | 204 | 243 | 176; triglycerides | 188 | 312 | 96;
TSH | 2.4 | 8.9 | 0.02; uric acid | 6.1 | 8.3 | 4.9; urine albumin | 45 | 18 | 210; vitamin D | 22 | 17 | 41;
white count | 6.8 | 9.4 | 4.1
""".split(";")
)
"""Name and `ROUNDS` results."""

NUMBERS: Final = tuple(
    """
Your blood pressure today is 132 over 84.
Blood pressure was 118 over 76 and the pulse was 92.
Your weight is 187 pounds, down from 194.
You weigh 98.5 kilograms and your body mass index is 33.6.
The pulse is 104 and regular.
Her temperature is 98.6 and the oxygen is 97 percent.
I take 14 units at night, not 40.
It was 50 micrograms, and now it is 15.
Take 30 units, that is three zero.
The nodule measures 1.3 centimeters, it was 1.1 last year.
It is 8 by 6 by 5 millimeters.
My sugars run between 140 and 190 in the morning.
The highest was 312 and the lowest was 58.
I had four lows under 70 in the last two weeks.
Your time in range is 62 percent.
We will go from 100 to 112 micrograms.
Take 1000 milligrams twice a day.
I cut it to 850 milligrams once a day.
Start with 0.25 milligrams for 4 weeks, then 0.5.
Take one and a half tablets on Sundays.
Come back in 6 weeks for labs.
I will see you again in 3 months.
The last scan was 18 months ago.
I was diagnosed in 2009, when I was 36.
She is a 58 year old woman.
He is 71 and his father died at 64.
The T score at the hip is minus 2.7 and at the spine minus 1.9.
The ratio was 1 to 8 and is now 1 to 10.
I use 1 unit for every 12 grams of carbohydrates.
The correction is 1 unit for every 50 over 150.
I sleep maybe 5 hours a night.
I gained 15 pounds in 4 months.
I smoke half a pack a day for 20 years.
The basal rate is 0.85 units an hour.
Take 50000 units of vitamin D once a week for 8 weeks.
It went from 5.9 to 7.1 in one year.
Collect your urine for 24 hours.
The cortisol after 1 milligram was 1.6.
Your risk over 10 years is 13.4 percent.
I walk 30 minutes about 5 days a week.
""".strip().splitlines()
)

PHRASES: Final = tuple(
    """
No chest pain, no shortness of breath.
I don't have any numbness or tingling in my feet.
I have not noticed any blurry vision.
I never had kidney stones.
There is no family history of thyroid cancer.
Nobody in my family has osteoporosis.
I haven't missed any doses.
I'm not allergic to anything that I know of.
It isn't tender when I press here.
No swelling of the legs, no lumps in the neck.
I didn't start it because of the cost.
She denies palpitations, tremor and heat intolerance.
I don't get up at night to urinate.
The left lobe feels a little larger than the right.
The right foot is fine, the left one has a callus.
Say ah, and swallow for me, please.
Your reflexes are a bit slow.
The monofilament test is normal on both feet.
I feel tired all the time and my hair is falling out.
My periods are irregular and I have acne on my chin.
I get shaky and sweaty when I skip lunch.
My hands tremble and my heart races.
I bruise easily and my face got rounder.
I have been constipated and my skin is dry.
My shoe size went up and my rings don't fit.
I get headaches and I don't see well to the sides.
I was dizzy when I stood up.
I'm thirsty all day long.
I broke my wrist when I slipped on the ice.
I feel a lump when I swallow.
I stopped it on my own because of the nausea.
Let's repeat the labs before the next visit.
We'll order an ultrasound of the thyroid.
I'd like you to see the eye doctor this year.
We should do a fine needle aspiration of that nodule.
Call us if you have fever or a sore throat.
Take it on an empty stomach, an hour before breakfast.
Don't take it together with calcium or iron.
Carry glucose tablets with you.
Double the dose when you have a fever.
Wear your medical alert bracelet.
Rotate the injection sites.
The pump alarm went off twice last night.
My sensor fell off in the shower.
My mother had Graves disease.
My brother has Hashimoto's thyroiditis.
I was told I have polycystic ovary syndrome.
This could be primary hyperparathyroidism.
We talked about Cushing's syndrome last time.
You have adrenal insufficiency, so never stop the steroid suddenly.
The pituitary adenoma has not grown.
The retinal photos show mild background retinopathy.
That goes along with diabetic peripheral neuropathy.
I think it is a benign multinodular goiter.
We need to rule out a pheochromocytoma.
Your bones show osteopenia at the femoral neck.
It runs in the family, my father had a heart attack.
Do you have any questions for me?
How have you been feeling since the last visit?
Thank you, doctor, that makes sense.
""".strip().splitlines()
)

_DRUG_FRAMES: Final = tuple(
    """
I take {a} {dose_a} and {b} {dose_b}.
Let's stop the {a} and start {b} {dose_b}.
Are you still on {a}? And the {b}?
Continue {a} {dose_a}. We can hold off on {b}.
I ran out of {a}, but I still have the {b}.
The {a} upset my stomach, so I went back to {b}.
You said {a} {dose_a}, is that right? No, that is the {b}.
She has never taken {a} or {b}.
I'm going to refill your {a} and your {b}.
Have you tried {b} before we add {a} {dose_a}?
We switched from {a} to {b} {dose_b} last year.
Please take {a} {dose_a}, away from the {b}.
""".strip().splitlines()
)
_LAB_FRAMES: Final = tuple(
    """
Your {a} was {value_a} and the {b} was {value_b}.
The {a} came back at {value_a}, and {b} at {value_b}.
Let's recheck the {a} and the {b} in three months.
Last time the {a} was {value_a}. We didn't get a {b}.
My {a} is {value_a} now, and they told me my {b} was {value_b}.
The {a} is still high at {value_a}, but the {b} is fine.
""".strip().splitlines()
)
_SPOKEN: Final = (
    (r"\bA1c\b", "A one C"),
    (r"\bACTH\b", "A C T H"),
    (r"\bALT\b", "A L T"),
    (r"\bDHEAS\b", "D H E A S"),
    (r"\beGFR\b", "E G F R"),
    (r"\bFSH\b", "F S H"),
    (r"\bGAD\b", "gad"),
    (r"\bHDL\b", "H D L"),
    (r"\bIGF-1\b", "I G F one"),
    (r"\bLDL\b", "L D L"),
    (r"\bLH\b", "L H"),
    (r"\bNPH\b", "N P H"),
    (r"\bTSH\b", "T S H"),
    (r"\bB12\b", "B twelve"),
    (r"\bT3\b", "T three"),
    (r"\bT4\b", "T four"),
    (r"\bDEXA\b", "dexa"),
)
_HUNDREDS = re.compile(r"\b([1-9])(\d\d)\b(?!\.)")


@dataclass(frozen=True)
class Sentence:
    """One sentence to say."""

    text: str
    """As a transcriber writes it."""
    spoken: str
    """As it is read out."""
    round: int
    """From 0: which voices say it."""


def sentences(seed: int) -> list[Sentence]:
    """Every drug and test `ROUNDS` times, every number and phrase once, about 340 sentences in all."""
    rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
    made: list[Sentence] = []
    for number in range(ROUNDS):
        for first, second in _pairs(DRUGS, rng):
            text = rng.choice(_DRUG_FRAMES).format(a=first[0], dose_a=first[1], b=second[0], dose_b=second[1])
            made.append(Sentence(text, _read_out(text, rng), number))
        for first, second in _pairs(LABS, rng):
            values = {"value_a": first[1 + number], "value_b": second[1 + number]}
            text = rng.choice(_LAB_FRAMES).format(a=first[0], b=second[0], **values)
            made.append(Sentence(text, _read_out(text, rng), number))
    said_once = enumerate((*NUMBERS, *PHRASES))
    return [*made, *(Sentence(text, _read_out(text, rng), position % ROUNDS) for position, text in said_once)]


def _pairs(entries: Sequence[tuple[str, ...]], rng: random.Random) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    order = rng.sample(entries, len(entries))
    if len(order) % 2:
        order.append(order[0])
    return list(zip(order[::2], order[1::2], strict=True))


def _read_out(text: str, rng: random.Random) -> str:
    for pattern, spoken in _SPOKEN:
        text = re.sub(pattern, spoken, text)
    # People say "one twelve" as often as "one hundred twelve", and "point five" as often as "zero point five".
    if rng.random() < 0.5:  # noqa: PLR2004  # half of them
        text = _HUNDREDS.sub(lambda match: f"{match[1]} {_tail(match[2])}", text)
        text = re.sub(r"\b0\.", "point ", text)
    return text


def _tail(digits: str) -> str:
    if digits == "00":
        return "hundred"
    return f"oh {digits[1]}" if digits[0] == "0" else digits
