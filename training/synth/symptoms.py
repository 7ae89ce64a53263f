# ruff: noqa: E501  # a template stays on one line
"""Symptoms of endocrine patients: as a note has them, as they are asked for, as patients tell them."""

from __future__ import annotations

from typing import Final

from training.synth.case import Symptom

_TABLE: Final = """
fatigue | fatigue; tiredness | I'm {just |}{tired|exhausted|worn out} {all the time|most days|by the afternoon}; I've {just |}had no energy {at all|lately|for a while now}; I {feel|have been feeling} really {tired|fatigued} {lately|these days}
increased thirst | increased thirst; more thirst than usual | I'm {always thirsty|thirsty all the time}; I {can't seem to get enough water|keep drinking water all day}; I've been {really|awfully} thirsty
frequent urination | frequent urination; urinating a lot; peeing more often | I'm {going to the bathroom|peeing} {all the time|constantly|way more than I used to}; I {get up to pee|have to get up and go} {several|a bunch of} times a night; I've been urinating a lot
blurred vision | blurred vision; blurry vision | {my vision gets|my eyes get|things get} {a little|kind of|pretty} blurry {sometimes|at times|when I read}; I've had some blurry vision
numbness in the feet | numbness in your feet; numbness or tingling in your feet | my feet {feel numb|have been numb|go numb} {at night|sometimes|by the end of the day}; I've had {some |}numbness in my feet ||| numbness in feet; foot numbness; numbness in the feet
burning foot pain | burning pain in your feet; burning in the feet | my feet burn {at night|when I lie down|a lot}; I get this burning {pain|feeling} in my feet ||| burning in the feet; burning pain in the feet
weight gain | weight gain; gaining weight | I've {put on|gained} {some|a lot of} weight {even though I eat the same|lately|}; I keep gaining weight {no matter what I do|}
weight loss | weight loss; losing weight | I've {been losing|lost} {some |}weight {without trying|even though I eat plenty|}; my clothes are {getting |}loose, I've lost weight ||| unintentional weight loss
cold intolerance | cold intolerance; feeling cold; sensitivity to cold | I'm {always cold|freezing all the time|cold when nobody else is}; I {have to wear|wear} a sweater {all the time|in the house}, I'm always cold ||| intolerance to cold
heat intolerance | heat intolerance; sensitivity to heat; trouble with heat | I'm {hot all the time|always hot|the only one sweating}; I can't {stand|take|tolerate} the heat ||| intolerance to heat
constipation | constipation | I've been {constipated|pretty constipated|kind of constipated}; {I'm|I've been} {a little |}constipated, {I only go every few days|which is new}
diarrhea | diarrhea; loose stools | I've had {some |}{diarrhea|loose stools} {on and off|most mornings|}; my stomach's been loose, {basically |}diarrhea
dry skin | dry skin | my skin {is|has been|gets} {so|really|very} dry; I've {had|got} really dry skin
hair loss | hair loss; hair thinning | my hair {is|has been} {falling out|coming out in the shower|getting thinner}; I've {noticed|had} {some |}hair loss ||| hair thinning; thinning hair
palpitations | palpitations; heart racing; racing heartbeats | my heart {races|pounds|flutters} {at times|sometimes|when I lie down}; I've {had|been getting} {palpitations|some palpitations} ! rapid heartbeat
tremor | tremor; shaking of your hands; shaky hands | my hands {shake|are shaky|tremble} {a little|all the time|when I hold a cup}; I've got a bit of a tremor in my hands ||| hand tremor; tremors
anxiety | anxiety; feeling anxious | I've been {really |}anxious {lately|and on edge|}; I feel {anxious|nervous and anxious} {all the time|a lot}
difficulty sleeping | trouble sleeping; difficulty sleeping | I {can't|don't|hardly} sleep {through the night|well|at night}; I've {had|been having} trouble sleeping ||| insomnia; trouble sleeping; sleep difficulty
depressed mood | feeling depressed; depressed mood; low mood | I've been feeling {a little |pretty |}{down|depressed} ||| depression; feeling down
chest pain | chest pain; chest discomfort | I {had|get} some chest pain {when I climb stairs|last week|} ! chest discomfort
shortness of breath | shortness of breath; trouble breathing | I get {short of breath|winded} {on the stairs|when I walk fast|with hills}; I've had {some |}shortness of breath ! dyspnea
difficulty swallowing | trouble swallowing; difficulty swallowing | food {gets stuck|seems to stick} {sometimes|at times}, I have trouble swallowing; I've {had|been having} some {trouble|difficulty} swallowing ! dysphagia; trouble swallowing
hoarseness | hoarseness; changes in your voice; voice changes | my voice {is|gets|has been} hoarse {by the evening|lately|} ||| hoarse voice; voice changes
neck pain | neck pain; pain in your neck | I've had {some |}neck pain {in the front|}; it hurts {a little |}in the front of my neck, {some |}neck pain
eye irritation | eye irritation; gritty or dry eyes | my eyes {feel gritty|are irritated|water and feel irritated} {lately|in the morning|}, {some |}eye irritation ||| gritty eyes
double vision | double vision; seeing double | I {sometimes|at times} see double {when I look up|to the side|}, {kind of |}double vision ! diplopia
nausea | nausea | I've {been nauseous|had some nausea|felt nauseous} {in the morning|after meals|with it|}
vomiting | vomiting; throwing up | I've {been vomiting|thrown up a couple of times}
abdominal pain | abdominal pain; belly pain; stomach pain | I've had {some |}{abdominal|belly|stomach} pain {on and off|} ||| stomach pain; belly pain
dizziness | dizziness; lightheadedness; feeling lightheaded | I get {dizzy|lightheaded} {when I stand up|getting out of bed|if I stand too fast}; I've had {some |}dizziness {when I stand up|} ||| lightheadedness; dizziness on standing
salt craving | salt cravings; craving salt | I {crave|want} salt{y stuff|y food|} all the time, {I've been craving salt|it's a real salt craving} ||| salt cravings
muscle weakness | muscle weakness; weakness in your muscles | my {legs|thighs|muscles} {feel weak|are weak|get weak} {going up stairs|getting out of a chair|}; I've had {some |}muscle weakness ||| weakness
easy bruising | easy bruising; bruising easily | I bruise {so |really |}easily {now|these days|}; I get bruises {from nothing|and don't know why}, {I've had |}easy bruising ||| bruising
facial rounding | changes in your face; rounding of your face | my face {looks|has gotten|is} {rounder|round|puffy and round}; {people say|my sister says} my face {looks|got} rounder, {so |}some rounding of my face ||| rounding of the face; round face; rounder face; facial changes
headaches | headaches | I've {had|been getting|been having} headaches {most days|behind my eyes|a few times a week|}; I get headaches {a lot|} ||| headache
loss of peripheral vision | loss of side vision; problems with your peripheral vision | I {bump|keep bumping} into things on the side, {it's |}like I lost my {side|peripheral} vision ! visual field loss; peripheral vision; side vision
irregular periods | irregular periods; irregular menstrual periods | my periods are {all over the place|really irregular|irregular, sometimes I skip months}; I've {had|got} irregular periods ||| irregular menses; irregular menstrual periods
missed periods | missed periods; periods stopping | I haven't had a period in months; my period {just |}stopped ||| amenorrhea; absence of menses; missing periods
excess facial hair | excess facial hair; unwanted hair growth | I {get|have|have been getting} {hair|dark hair|coarse hair} on my {chin|chin and upper lip|face} ||| hirsutism; facial hair; unwanted hair growth
acne | acne | my skin breaks out {all the time|along my jaw|}, {a lot of |}acne; I've {got|had} {bad |}acne {on my jaw|on my chin|again}
nipple discharge | nipple discharge; discharge from your breasts; milky discharge | I've {had|noticed} {some |a little }{milky |}discharge from my {breasts|nipples} ||| galactorrhea; milky discharge; breast discharge
low libido | low sex drive; low libido | my sex drive is {gone|really low|way down}; I've had {no|a low} sex drive ||| decreased libido; low sex drive
erectile dysfunction | erectile dysfunction; trouble with erections | I've {had|been having} trouble with erections; I've had some erectile dysfunction ||| difficulty with erections
joint pain | joint pain; joint aches | my joints {ache|hurt} {all the time|in the morning|}; I've {had|got} {some |}joint pain {in my knees|in my hands|} ||| joint aches; arthralgia
increased sweating | increased sweating; sweating a lot | I {sweat|am sweating} {a lot|so much|all the time}; I've been sweating {a lot|more than I used to} ||| sweating; excessive sweating
back pain | back pain | I've {had|got} {some |}back pain {off and on|in the middle of my back|when I stand long|}; my back {hurts|aches} {sometimes|when I stand long}, {just |}some back pain
height loss | loss of height; losing height | I think I've {lost|shrunk and lost} {about an inch|a little height|some height} ||| loss of height
heartburn | heartburn; reflux | I get {some |}heartburn {after dinner|at night|}; I've had {a little|some} heartburn ||| reflux
falls | falls; falling | I {fell|had a fall} {in the garden|on the stairs|on the ice} {last month|this winter|a while back} ! fall; falling
muscle aches | muscle aches; muscle pain | my {legs|muscles} {ache|are achy|are sore} {a lot|at night|}; I've had {some |}muscle aches ||| myalgias; muscle pain
muscle cramps | muscle cramps; cramping | I get {cramps in my calves|leg cramps|muscle cramps} {at night|a lot|}; I've had {some |}muscle cramps ||| cramps; cramping
tingling around the mouth | tingling around your mouth; tingling in your lips or fingers | my lips {tingle|get tingly} {sometimes|at times|}, {kind of |}tingling around my mouth ! perioral tingling; tingling
increased hunger | increased hunger; more hunger than usual | I'm {hungry all the time|always hungry|starving even after I eat}; I've had {a lot of|more} hunger {than I used to|lately|} ||| hunger; increased appetite
poor appetite | poor appetite; loss of appetite | I {don't have much of an appetite|have no appetite|just don't feel like eating}; my appetite {is|has been} {poor|gone|way down} ||| loss of appetite; decreased appetite
bone pain | bone pain; pain in your bones | my bones {ache|hurt} {sometimes|at night|}; I've had {some |}bone pain ||| aching bones
kidney stones | kidney stones; kidney stone pain | I {passed|had} a kidney stone {last year|a while back} ! kidney stone; nephrolithiasis
difficulty concentrating | trouble concentrating; difficulty concentrating; brain fog | I {can't|have a hard time trying to} {concentrate|focus}; I've {had|got} {this |}brain fog, {it's hard|I find it hard} to concentrate ||| brain fog; trouble concentrating
snoring | snoring | I snore, my <partner> {complains about it|tells me}; I've been snoring {a lot|more}
leg swelling | leg swelling; swelling in your legs | my {ankles|legs} {swell|get swollen} {by the evening|at night|}; I've had {some |}swelling in my legs ||| swelling in the legs; lower extremity swelling
low blood sugars | low blood sugars; lows; low sugars | I {had|get} {a low|some lows|low sugars} {in the afternoon|before lunch|once in a while} ! hypoglycemia; low blood sugar; lows
fever | fever; fevers or chills | I've had {a fever|some fever} {on and off|} ||| fevers
foot ulcers | sores on your feet; foot ulcers | I've got {a sore|a sore spot} on my {foot|heel} ! foot sores; sores on the feet; foot ulcer
"""


def _forms(cell: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in cell.split(";") if form.strip())


def _read(row: str) -> Symptom:
    row = row.replace("|||", "~~ ")
    major = " ! " in row
    row = row.replace(" ! ", " ~~ ")
    main, _, names = row.partition("~~")
    written, asked, said = (cell.strip() for cell in main.split(" | ", 2))
    return Symptom(written, _forms(asked), _forms(said), major, _forms(names))


SYMPTOMS: Final = {symptom.written: symptom for symptom in map(_read, _TABLE.strip().splitlines())}


GENERAL: Final = tuple(
    SYMPTOMS[name]
    for name in ("fever", "chest pain", "shortness of breath", "leg swelling", "headaches", "abdominal pain", "dizziness")
)
"""Asked in any visit."""


def symptoms(text: str) -> list[Symptom]:
    """Symptoms by the names of a list "fatigue, dry skin"."""
    return [SYMPTOMS[name.strip()] for name in text.split(",")]
