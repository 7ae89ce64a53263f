# ruff: noqa: E501  # a template stays on one line
"""Talk that belongs in no note: small talk and interruptions."""

from __future__ import annotations

from typing import Final

from training.synth.beat import Beat
from training.synth.social import RETIRED
from training.synth.speech import Speech

# Clinician: ... | patient: ... turn about, beginning with the clinician.
_SMALL_TALK: Final = (
    (
        "{How was the drive|How was the parking}{ this morning|}?",
        "{Terrible|Not bad|Fine}, {the lot was full|I found a spot right away|there's construction everywhere}.",
    ),
    (
        "{How's|How is} the {family|garden|dog|new house}?",
        "{Good, good|Wonderful|Keeping me busy}. {Thanks for asking|The kids are growing like weeds|It never ends}.",
    ),
    (
        "{Can you believe this weather|Some weather we're having}{, huh|}?",
        "{I know|Tell me about it}, {I nearly stayed home|it's awful out there|spring can't come soon enough}.",
    ),
    (
        "{Did you watch|Did you catch} the game {last night|on Sunday}?",
        "{Don't remind me|I fell asleep|Oh, what a finish}.",
        "{Same here|Ha, yes}{. Anyway|. All right}.",
    ),
    (
        "{Any|Do you have any} {travel plans|plans for the holidays|vacation coming up}?",
        "{We're going to|Heading to} {the lake|the coast|my sister's place|the mountains} {next month|in the summer|for a week}.",
        "{That sounds lovely|Nice|I'm jealous}.",
    ),
    (
        "{I love that scarf|I love your jacket|That's a great hat|I like the color of your glasses}.",
        "{Oh, thank you|Thanks}, {it was a gift|my sister picked it|I've had it forever}.",
    ),
    (
        "{Is|And is} your {nephew|niece} still playing {soccer|the piano|hockey}?",
        "{Oh yes|Every weekend|All the time}, {we drive all over|it's a lot of fun|they won on Saturday}.",
    ),
    (
        "{How's|How is} retirement treating you?",
        "{Busier than work|I don't know how I ever had time to work|I'm bored sometimes}{, honestly|}.",
    ),
    (
        "Did the front desk {give you|get you} the {forms|new forms}?",
        "{Yes|Yeah}, {a whole stack|I filled them out|so much paper}.",
        "{Sorry about that|They keep adding pages}.",
    ),
    (
        "{Still|Are you still} {baking|fishing|painting|gardening}?",
        "{Every chance I get|Not as much as I'd like|Of course}{, it keeps me sane|}.",
    ),
    (
        "{You look|You're looking} {tan|rested}. {Were you away?|Vacation?}",
        "{We just got back from|I was in} {Florida|Arizona|the Carolinas}. {It was great|Too short|Hot, hot}.",
    ),
    (
        "{Happy birthday|Happy belated birthday}, {I see it was|it was} {last week|on the weekend}.",
        "{Oh, thanks|Thank you}. {I stopped counting|No big party this year|We had cake}.",
    ),
)
_INTERRUPTIONS: Final = (
    (
        "{Hold on|One second}, {the computer is slow|my computer is frozen|let me log back in}.",
        "{Take your time|No rush|No problem}.",
    ),
    (
        "{Excuse me|Sorry}, {let me silence this phone|that's my pager|someone's at the door}. {Okay|There we go}, {where were we|go on}?",
        "{That's okay|No worries}.",
    ),
    ("{Sorry, I was typing.|Sorry, I was still typing.|Sorry, where was I?}", "{Oh, it's fine|That's okay|No problem}."),
    ("{Let me just|I'm just going to} {type this in|write that down|make a note}.", "{Sure|Go ahead|Okay}."),
    ("{Bear with me|Give me a second}, {I'm scrolling|I'm looking for the right page}.", "{Sure, sure|I know how that is}."),
)
_CONCERNS: Final = (
    (
        "{How are you holding up|How are you coping} with {all this|everything}?",
        "{I'm okay|Okay, I guess|As well as I can}. {It's a lot sometimes, but I manage|My family helps|One day at a time}.",
        "{That's all anybody can do|You're doing great|Good, I'm glad to hear that}.",
    ),
    (
        "{Is the pharmacy|Are you still with the pharmacy} on {Main Street|Elm Street|the corner} ?",
        "{Yes|Yeah}, {that one|same one|that's the closest}. {They're always busy, but nice|The line is always long}.",
        "{Perfect|Okay, good}, {I have that here|I'll leave it in the chart}.",
    ),
    (
        "{Did you have any trouble|Was there any problem} getting {an appointment|in to see us}?",
        "{It took a while|A little}, {your phones were busy|I had to call a couple of times}, but {it worked out|the lady was very nice}.",
        "{I'm sorry about that|Sorry}, {we're short-staffed|we have two people out}. {I'm glad you made it|Thanks for your patience}.",
    ),
    (
        "{Do you use|Are you signed up for} the patient portal?",
        "{My daughter set it up|I keep forgetting the password|I do, when it works}. {I'm not good with computers|I prefer the phone, honestly}.",
        "{You're not alone|I hear that a lot}. {You can always call|Calling is fine, too}.",
    ),
    (
        "{Is anyone|Did anyone come} with you today?",
        "{My <partner> is in the waiting room|My <partner> drove me|No, I came by myself}. {It's easier that way|I told them I'd be fine}.",
        "{All right|Okay}, {if you want them to come in, just say so|whatever you prefer}.",
    ),
    (
        "{I have a student|We have a resident} {with us|here} today, {is that all right|do you mind}?",
        "{No, that's fine|Not at all|Sure}. {Everyone has to learn|They have to learn somehow}.",
        "{Thank you|I appreciate that}, {they'll just be listening|they'll mostly watch}.",
    ),
)
_LAST: Final = (
    ("{Any|Do you have any} {other |more |}questions{ for me|}?", "{No, I think|No,} {that's it|that's all|I'm good}."),
    (
        "{Any|Do you have any} {other |more |}questions{ for me| before you go|}?",
        "{Nope|No}, {all clear|you covered it|I don't think so}{, thank you|}.",
    ),
    (
        "{What questions do you have|Anything else you'd like to ask}?",
        "{None right now|Nothing I can think of|None today}{, thank you|}.",
    ),
    ("{Does|Did} {that|all of that} make sense?", "{I think so|Yes, it does|It does}{, thanks|}."),
    ("{Does|Did} {that|all of that} sound {okay|good|like a plan}?", "{Sounds good|Yes, it does|That sounds fine}{, thanks|}."),
    (
        "{Is there anything else|Anything else} {today|for today|before you go}?",
        "{No|Nope}, {thanks so much|thank you, doctor|that's everything}.",
    ),
)
_BYE: Final = (
    "{Take care|All right, take care|Okay, take care}{, <name>|}.",
    "{See you|I'll see you} {then|next time}{, <name>|}.",
    "{Good|Great}, {have a good day|enjoy the rest of your day}.",
    "{The front desk|Someone} will {take it from here|help you on the way out}. {Take care|Bye now}.",
    "{It was good seeing you|Good to see you}{, <name>|}. {Bye|Take care}.",
)
_BYE_BACK: Final = (
    "{Thank you|Thanks}{, doctor|, you too|}.",
    "{Bye|Bye-bye|See you}.",
    "{You too|Same to you}{, bye|}.",
    "{Thanks so much|Thanks for your time}.",
)


class Chatter:
    """The asides of one visit; none comes twice.

    Args:
        speech: How the visit is worded.
        age: Of the patient, years.
    """

    def __init__(self, speech: Speech, age: int) -> None:
        self._speech = speech
        fitting = [script for script in _SMALL_TALK if age >= RETIRED or "retirement" not in script[0]]
        self._small_talk = speech.chance.sample(fitting, len(fitting))
        self._others = speech.chance.sample(_INTERRUPTIONS + _CONCERNS, len(_INTERRUPTIONS + _CONCERNS))

    def small_talk(self) -> Beat:
        """A moment about something else."""
        return _script(self._speech, self._small_talk.pop())

    def aside(self) -> Beat:
        """Small talk, an interruption or a worry."""
        return self.small_talk() if not self._others or self._speech.maybe(0.25) else _script(self._speech, self._others.pop())


def closing(speech: Speech, name: str) -> Beat:
    """Last questions and good-bye."""
    beat = Beat()
    for say, text in zip((beat.clinician, beat.patient), speech.chance.choice(_LAST), strict=True):
        say(speech.say(text))
    beat.clinician(speech.say(_BYE, name=name))
    if speech.maybe(0.8):
        beat.patient(speech.say(_BYE_BACK))
    return beat


def _script(speech: Speech, script: tuple[str, ...]) -> Beat:
    beat = Beat(optional=True)
    for number, text in enumerate(script):
        (beat.patient if number % 2 else beat.clinician)(speech.say(text))
    return beat
