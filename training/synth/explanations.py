# ruff: noqa: E501  # a template stays on one line
"""How clinicians explain a disease; general knowledge that belongs in no note."""

from __future__ import annotations

from typing import Final

from training.synth.beat import Beat
from training.synth.speech import Speech

_ASKED: Final = (
    "{Can you explain|Could you explain} {that|this} {to me |}{again|in plain English|a little more}?",
    "{So what|What} {exactly |}does that mean{, in plain English|}?",
    "{I don't|I still don't} really {understand|get} {what that is|how that works}.",
    "{Why|How} does {that|this} happen{, anyway|}?",
    "{My family|My daughter} is going to ask me. {How should I explain it|What is it, exactly}?",
    "{Sorry, I'm lost|You lost me there}. {What's going on|What is that} exactly?",
)
_TEXTS: Final = {
    "type 2 diabetes": (
        "{Sure|Of course}. {In type 2 diabetes|With this kind of diabetes} the body {still makes|makes} insulin, but it doesn't {listen|respond} to it very well, so {the sugar stays|sugar builds up} in the blood. {Over the years|Over time} that {wears on|can hurt} the eyes, the kidneys and the nerves, {and that's what we're trying to prevent|which is why we keep an eye on all of those}.",
        "{Think of|You can think of} insulin {as a key|like a key} that {opens the cells|lets sugar into the cells}. {In your case|With this} the locks are {rusty|sticky}, so {it takes more keys|the sugar can't get in}. {Losing weight|Moving around}, eating {differently|less starch} and the medicines all {oil the lock|help with that}, {in different ways|each in its own way}.",
    ),
    "type 1 diabetes": (
        "{Sure|Well}, {your pancreas|the pancreas} doesn't make insulin anymore, so {we have to|you have to} {replace it|give it} from outside. The {long-acting one|background one} covers you {around the clock|day and night}, and the {fast one|mealtime one} covers what you eat. {The trick is|It's all about} matching {the two|them} to your life, {and that's never perfect|nobody gets it right every day}.",
        "{The average|That average} {is one thing|only tells part of the story}, {but|and} {what matters|just as important} is how much {it|the sugar} {swings|bounces}. {We'd rather|I'd rather} {have you|see you} a little {steadier|smoother} than {perfect|chasing perfect numbers} and {low|crashing} half the time.",
    ),
    "hypothyroidism": (
        "{Sure|Of course}. {The thyroid|Your thyroid} {is like|works like} {a thermostat|the gas pedal} {for|of} the body. The {brain|pituitary} {checks|watches} how much hormone {is around|there is}, and {if it isn't happy|when there's too little} it {shouts|yells} louder, {and that shouting|which} is the TSH. {So the|The} number goes {the other way|in the opposite direction} {from|of} what you'd think.",
        "{The pill|This pill} {replaces|is} {exactly |}the hormone {your thyroid|the gland} {should be making|used to make}. {It's slow|It works slowly}, {it takes weeks|so it takes weeks} {before|until} {everything|the level} settles, {which is why|and that's why} we {don't|never} check {again |}{right away|too soon}.",
    ),
    "Graves disease": (
        "{Sure|Okay}. {Your immune system|The immune system} {makes|is making} an antibody that {pushes|presses} the {gas pedal|on switch} {of|on} {your|the} thyroid, {so it runs|and it runs} too fast. {Everything|The whole body} {speeds up|goes faster}, {the heart, the gut, the nerves|heart, gut, mood, all of it}. {The medicine|This medicine} {takes the foot off the pedal|slows the gland down}, {and often|and in many people} the {immune system|antibody} {calms down|goes away} {with time|over time}.",
        "{There are|You have} three {ways|roads} to treat it, {pills, radioactive iodine, or surgery|the pills, the iodine, or an operation}. {Pills are|We usually start with pills because they're} the gentlest {way to start|}, and {many people|a good number of people} {never need|get by without} {anything else|the others}.",
    ),
    "thyroid nodule": (
        "{Nodules|Thyroid nodules} are {very |extremely |}common, {if we scanned|if you put an ultrasound on} everyone {in this building|in the waiting room}, {we'd find them|you'd find one} in {a lot of|about half of the} people. {What we look at is|We look at} the size, the shape and {how it looks|the pattern}, {and those tell us|that tells us} {which ones to stick a needle in|which ones need a biopsy} and which ones to {leave alone|just watch}.",
    ),
    "osteoporosis": (
        "{Sure|Of course}. {Bone|Your bone} is {alive|living}, {there's always|it has} one crew {tearing it down|taking it away} and another {building it up|putting it back}. {After|As we get past} a certain age the {wrecking|first} crew {works faster|gets ahead}, {and the bone gets thin|so the bone gets thinner}. {These medicines|The medicines} {slow|hold back} {that crew|the wrecking crew} {so the bone can catch up|and give the builders a chance}.",
        "{The score|That score} {compares your bones|tells us how your bones compare} to a {young adult's|young person's}, {and the more|so the more} negative it is, the {thinner|weaker} they are. {What we really care about|The point} is {not breaking|to keep you from breaking} a hip{ or a spine bone|}.",
    ),
    "primary hyperparathyroidism": (
        "{Sure|Okay}. {You have|We all have} four {tiny |little }glands {behind|next to} the thyroid, {the parathyroids,|called parathyroids,} {and they|that} {control|manage} calcium. {Usually|In most people} {one of them|just one} {gets too big for its boots|grows and stops listening}, {and it pulls|so it pulls} calcium out of the bones {into the blood|and puts it in the blood}. {Taking out|If we take out} that one gland {cures|fixes} it{ for most people|}.",
    ),
    "hypoparathyroidism": (
        "{Sure|Well}, {the little glands|there are little glands} {next to|behind} the thyroid that {hold|keep} the calcium up, {and they can get|and sometimes they get} {bruised|removed|damaged} {when the thyroid comes out|during the operation}. {Without them|So without them} {your body|the body} can't {use|make} the active {vitamin|vitamin D}, {so we give you|and that's why we give you} {the active form|that one} {along with|plus} calcium.",
    ),
    "vitamin D deficiency": (
        "{Sure|Of course}. Vitamin D {comes|is made} mostly {from|in} the skin {when the sun is out|with sunlight}, {and a little|plus a little} {from|in} {fish and milk|food}. {Without it|When it's low} you {can't|don't} {absorb|take up} calcium {well|properly}, {so the bones|and the bones} {get soft|suffer} and {they can ache|the muscles can ache}.",
    ),
    "adrenal insufficiency": (
        "{Sure|Okay}. {The adrenals|Your adrenal glands} {sit|are two little caps} on top of the kidneys and {make|they make} cortisol, {the stress hormone|which keeps you going under stress}. {Without it|When it's missing} {the body|you} can't keep {its salt|salt} or {its|the} blood pressure {up|where it should be}, {and any illness|and then any infection} {can get|gets} dangerous {quickly|very fast}. {So these pills|That's why these pills} are {not optional|something you never skip}.",
    ),
    "adrenal incidentaloma": (
        "{Sure|Of course}. {These|Adrenal nodules} {turn up|show up} {a lot|all the time} {now that|since} {everybody gets|people get} scans. {There are|We ask} two questions, {is it making|does it make} {too much |}hormone, and {does it look like anything bad|could it be something bad}. {Both|The scan and the blood tests} {help us|are how we} answer {that|those}.",
    ),
    "prolactinoma": (
        "{Sure|Of course}. {The pituitary|It} is {a little gland|a gland the size of a pea} {under|at the base of} the brain, {and sometimes|sometimes} a few cells {grow into a little knot|form a small lump}{, almost never anything bad|, nearly always benign|}. {Yours makes|These make} too much of the hormone {that's meant for nursing|for breast milk}, {and that|which} {shuts down|turns off} the {sex|other} hormones. {The pills|These pills} {put those cells to sleep|shrink it} {in most people|most of the time}.",
    ),
    "acromegaly": (
        "{Sure|Okay}. {A small growth|A benign growth} {in|on} the pituitary {makes|is making} growth hormone {when|although} {you're long done growing|you stopped growing years ago}. {The bones can't get longer|You can't get taller anymore}, so {the hands, the feet and the face|hands, feet and jaw} {get thicker|get bigger} {instead|slowly}, {so slowly that nobody notices|over many years}.",
    ),
    "hypopituitarism": (
        "{Sure|Of course}. {The pituitary|That gland} {is like|works like} {a conductor|the boss}, it tells the thyroid, the adrenals and the {sex glands|others} {what to do|when to work}. {Since it can't|If it can't} {give the orders|do that} anymore, {we replace|we give you} {the hormones directly|what the other glands would make}, {each with its own pill|one by one}.",
    ),
    "lipid disorder": (
        "{Sure|Okay}. {The LDL|That one} is {like|a bit like} {a delivery truck|delivery trucks} {carrying|full of} cholesterol. {When there are|With} too many {trucks on the road|of them}, {some crash into|they dump the load in} the walls of the arteries{, and that builds up over years|}. {The medicine|Treatment} {clears the road|takes trucks off the road}, and {the fewer the better|that's what protects the heart}.",
    ),
    "obesity": (
        "{Sure|Of course}. {Your body|The body} {defends|fights for} its weight, {it thinks|because it thinks} {you're starving|a famine is coming} {when you diet|whenever you lose some}, so it {turns up|raises} the hunger and {burns less|saves energy}. {It's biology|That's biology}, {not willpower|not a lack of willpower}. {These medicines|The shots} {turn the hunger signal down|quiet that signal} {so the diet can work|and then changes in the diet stick}.",
    ),
    "PCOS": (
        "{Sure|Okay}. {The ovaries|Your ovaries} {get|are getting} {mixed|confused} signals, {partly|in part} because {the body doesn't listen well to insulin|of insulin}, and {they make|so they make} a bit too much {male hormone|testosterone}. {That's|And that's} {what causes|why you get} the skin and hair {changes|trouble} and {why the periods come late|the late periods}. {It's very common|It's one of the most common things I see}.",
    ),
    "Cushing syndrome": (
        "{Sure|Okay}. Cortisol is {a|the} stress hormone, {a little is good|you need some}, {but too much|and too much} for too long {thins|weakens} the skin, the muscles and {the |}bones and {puts weight on|moves the weight to} the belly and {the |}face. {The question is where it comes from|The job is to find where it's coming from}, {the pituitary|the gland in the head} or the adrenals{, or somewhere else|}.",
    ),
}


def explanation(speech: Speech, diagnosis: str) -> Beat | None:
    """The patient does not understand, the clinician explains; None if there is no text."""
    if diagnosis not in _TEXTS:
        return None
    beat = Beat()
    beat.patient(speech.say(_ASKED))
    beat.clinician(speech.say(_TEXTS[diagnosis]))
    beat.patient(
        speech.say(
            (
                "{Okay|Ah, okay|Oh}, {that makes sense|now I get it|that helps}.",
                "{I see|Got it}{, thank you|, thanks for explaining|}.",
                "{Huh, interesting|Interesting}. {Okay|All right}.",
                "{All right|Okay}, {I think I follow|I'll try to remember that}.",
            )
        )
    )
    return beat
