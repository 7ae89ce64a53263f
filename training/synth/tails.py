# ruff: noqa: E501  # a template stays on one line
"""What people add that says nothing for the note: asides of the patient, reassurance and transitions of the clinician."""

from __future__ import annotations

from typing import Final

from training.synth.speech import Speech

_SYMPTOM: Final = (
    "{It's|I'd say it's} {the same|about the same} {day and night|every day|no matter what I do}.",
    "{It comes|It kind of comes} and goes, {but mostly it's there|more in the evening|I can't see a pattern}.",
    "{I didn't think much of it|I ignored it} {at first|in the beginning}, {but then it got old|and then it stayed}.",
    "{It's just not like me|That's not how I usually am|I used to be fine}{, you know|}.",
    "{I was hoping|I guess I was hoping} it would {go away|get better} {on its own|by itself}.",
    "{It's|It has been} {really |}{frustrating|annoying|hard to explain}{, to be honest|}.",
    "{My <partner>|My sister|My boss|My daughter|My mother} {keeps telling|finally told|has been telling} me to {get it checked|come in|say something about it}.",
    "{I thought|At first I thought} it was {just |}{stress|my age|the weather}, but {I don't know|now I'm not so sure}.",
    "{Some days|Some weeks} are {better|worse} than others{, you know|}.",
    "{I wasn't sure|I didn't know} if that's {related|important|something to mention}.",
    "{It's not|It isn't} {terrible|the end of the world}, but {it's there|it bothers me|I notice it}.",
    "{I hate to complain|I don't want to complain}, but {you asked|it gets to me}.",
    "{I try|I've tried} to {ignore it|push through}, {but it's not easy|you know how it is}.",
    "{I looked it up|I read about it} online, {which was probably a mistake|and scared myself}.",
    "{It's hard|That makes it hard} to {get through|enjoy} the day{ sometimes|}.",
    "{I mentioned it|I said something} to {the nurse|my friend} {too|as well}.",
    "{Everybody|Everyone} {at work|at home} has noticed{ it, too|}.",
)
_ANSWER: Final = (
    "{I was thinking about that|I thought about that} {on the way here|in the waiting room|this morning}.",
    "{You asked me that|We talked about that} last time{, I think|, too|}.",
    "{My <partner>|My sister|My daughter} {would tell you|says} {the same thing|something else|I exaggerate}{, but there you go|}.",
    "{Nobody's perfect|I'm only human}{, right|, you know|}?",
    "{I'd have to|I would have to} {look it up|check at home|ask my <partner>} to be {exact|sure}.",
    "{The nurse|The young lady|Somebody} {just |already }asked me {that|the same thing}{ out front|, actually|}.",
    "{I don't know|I'm not sure} if that {matters|makes a difference|is what you mean}{, though|}.",
    "{It's been|It was} {like that|that way} for {as long as I can remember|quite some time}.",
    "{So nothing|Nothing} {exciting|special|out of the ordinary} there.",
    "{I wish I had|I'm sorry I don't have} {a better answer|something better to tell you}.",
    "{You know how it is|You know how it goes}{ at this time of year|}.",
    "{Let me know|Just tell me} if you need {more on that|the details}.",
    "{I hope that's okay|If that helps|That's about all I know}.",
    "{You probably have|I think you have} that in {the|your} {chart|computer}{ already|}.",
    "{I'm trying|I really am trying}, {believe me|I promise}.",
    "{My memory isn't|I'm not} {the best|great} with {dates|these things}{, sorry|}.",
    "{It's been|It has been} {a busy|a long|quite a} {year|few months}{, let me tell you|}.",
    "{I could do better|I know I should do better}, {I know|I guess}.",
    "{My mother|My neighbor|My friend} is {the same|the same way}{, funny enough|}.",
    "{Is that what you needed|Was that the question}?",
    "{I filled that|I think I put that} {out|down} on the form{ in the waiting room|}.",
    "{Like I said|As I told the nurse}, {it's nothing new|that's how it is}.",
)
_RESULT: Final = (
    "{I wanted to go over that|I'll come back to that|We'll talk about what that means} {in a minute|with you|together}.",
    "{So overall|All in all}, {that's what I expected|about what I expected|that gives us a good picture}.",
    "{I know|I realize} {these are|that's} a lot of numbers.",
    "{I can|I'll} print {these|the numbers} {out |}for you{ if you like|}.",
    "{These will|You'll} {be in|see these in} {your|the} patient portal{ tonight|}.",
    "{Does|Did} {that|all that} make sense so far{?| to you?}",
)
_PROBLEM: Final = (
    "{The good news is|Luckily,} {we can work on this together|this is something we can manage}.",
    "{I know|I understand} {that's|it's} {not what you wanted to hear|a lot to take in|frustrating}.",
    "That may explain {a lot of|most of} {what you've been feeling|how you've been feeling}{, I think|}.",
    "{Sometimes|Often} {it takes|these things take} a {few|couple of} {adjustments|visits} to get {it|things} right.",
    "{It's nothing|None of this is something} {you did wrong|that you caused}{, okay|}.",
    "{We see|I see} this {a lot|all the time}{ in this clinic|, so you're in good hands|}.",
    "{Let me explain|I'll explain} what {I'd like|I want} to do {about it|next}.",
)
_CHANGE: Final = (
    "{The pharmacy|Your pharmacy} should have {it|everything} {ready|for you} {this afternoon|by tomorrow|later today}.",
    "{It may|It can} take {a little while|some time} {before you notice|to notice} {anything|a difference}.",
    "{If|And if} {anything bothers you|you have any trouble with that}, {just |please |}{call|send me a message}.",
    "{I'll|My nurse will} {send|fax} {that|the prescription} {over |}to {your|the} {usual |}pharmacy.",
    "{I'll write|I'm going to write} {that|it all} down for you, {don't worry|so you don't have to remember}.",
    "{I think|My hope is} {that will|this will} {help|make a difference}.",
    "Your insurance should cover it{, but let us know|}.",
)
_ORDER: Final = (
    "{The lab|Our lab} is {just |}{down the hall|on the first floor}{, no appointment needed|}.",
    "{I'll|We'll} {let you know|call you} {as soon as|when} {I have|we have} {something|the result}.",
    "{The front desk|My assistant} {will|can} help you with the scheduling.",
    "{Nothing to worry about|It's routine}, {I just want|I'd just like} to {be sure|be thorough|be careful}.",
    "{They'll|Somebody will} call you {to set it up|with a time}.",
)
_BACKGROUND: Final = (
    "{Let me|I'm going to} {ask|go through} {a few|some} {background |general |}questions{, just to keep the chart current|, bear with me|}.",
    "{Now, a few|Just a few} {routine |}questions{ that I ask everyone|}.",
    "{I want|I'd like} to {make sure|be sure} {the chart|our record|your record} is {up to date|right}.",
)
_TO_PLAN: Final = (
    "{Okay, so|All right, so} {let's talk about|here's} {what I think|where we are|what all this means}.",
    "{So let me|Let me} {put this all together|summarize|tell you what I think}.",
    "{Now|So}, let's make a plan.",
    "{Go ahead and|You can} {sit up|have a seat}{ again|}. {Let's talk|Let's talk about what's next}.",
)
_KINDS: Final = {
    "symptom": (_SYMPTOM, 0.75), "answer": (_ANSWER, 0.5), "result": (_RESULT, 0.45), "problem": (_PROBLEM, 0.6),
    "change": (_CHANGE, 0.5), "order": (_ORDER, 0.4), "background": (_BACKGROUND, 0.7), "plan": (_TO_PLAN, 0.75),
}  # fmt: skip


class Tails:
    """Additions of one visit; none is used twice."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._used: set[str] = set()

    def after(self, text: str, kind: str) -> str:
        """The text, sometimes with an addition of its kind."""
        added = self.alone(kind)
        return f"{text} {added}" if added else text

    def alone(self, kind: str) -> str:
        """An addition of a kind, or nothing."""
        templates, probability = _KINDS[kind]
        left = [template for template in templates if template not in self._used]
        if not left or not self._speech.maybe(probability):
            return ""
        template = self._speech.pick(left)
        self._used.add(template)
        return self._speech.say(template)
