"""A language model as judge of notes: the dimensions of arXiv 2507.03033, 1 to 5, and hallucinations and omissions by a rubric.

The judge reads the dialogue and the note, never the reference. It answers through an OpenAI-compatible endpoint (llama.cpp,
vLLM, Ollama and others serve one), or is a model directory on this machine. An answer that is not what was asked for is asked
for again and then reported as not judged, never guessed. Judges differ and favour their own kind: report the model's name with
its scores.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import httpx
import msgspec

from appliance.errors import InputError
from appliance.note.prompts import spoken
from training.visits import Visit

DIMENSIONS: Final = ("comprehensiveness", "factual_correctness", "organization", "fluency", "conciseness")
ATTEMPTS: Final = 3
_ANSWER_TOKENS: Final = 600

Points = Annotated[int, msgspec.Meta(ge=1, le=5)]
Grade = Literal["none", "minor", "major"]
Message = dict[str, str]
Answer = Callable[[list[Message]], str]
"""Answers a conversation with a text."""


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the judge answers."""

    comprehensiveness: Points
    factual_correctness: Points
    organization: Points
    fluency: Points
    conciseness: Points
    hallucination: Grade
    omission: Grade
    reason: str = ""


class NotJudged(msgspec.Struct, frozen=True):
    """No usable answer came."""

    reason: str


RUBRIC: Final = """\
You are a physician who reviews clinical notes. Compare the note with the dialogue of the visit. Judge only what the dialogue \
supports; medical shorthand and faithful summaries are not errors.

Give 1 (very poor) to 5 (excellent) for each:
- comprehensiveness: everything clinically relevant that was said is in the note.
- factual_correctness: what the note says was said; drugs, doses, numbers, sides and negations are right.
- organization: every statement stands where a clinician looks for it.
- fluency: clear, grammatical clinical language without repetition.
- conciseness: nothing beside the point, nothing twice.

Give "none", "minor" or "major" for each:
- hallucination: the note states something that was not said. "major" if it could change diagnosis or treatment.
- omission: the note leaves out something that was said. "major" if that could change diagnosis or treatment.

Answer with one JSON object and nothing else:
{"comprehensiveness": 1-5, "factual_correctness": 1-5, "organization": 1-5, "fluency": 1-5, "conciseness": 1-5, \
"hallucination": "none|minor|major", "omission": "none|minor|major", "reason": "one sentence"}"""


class Judge:
    """Asks a model for its judgement.

    Args:
        name: Of the model, as it is reported.
        answer: How to ask it.
        attempts: How often a note is asked about until the answer can be used.
    """

    def __init__(self, name: str, answer: Answer, *, attempts: int = ATTEMPTS) -> None:
        self.name: Final = name
        self._answer = answer
        self._attempts = attempts

    def judge(self, visit: Visit, note: str) -> Judgement | NotJudged:
        """Judge one note."""
        dialogue = spoken([utterance.turn for utterance in visit.turns])
        messages = [
            {"role": "system", "content": RUBRIC},
            {"role": "user", "content": f"Dialogue:\n\n{dialogue}\n\nNote:\n\n{note.strip() or '(empty)'}"},
        ]
        reason = ""
        for _ in range(self._attempts):
            try:
                return _read(self._answer(messages))
            except (httpx.HTTPError, msgspec.MsgspecError, ValueError) as error:
                reason = f"{type(error).__name__}: {_one_line(error)}"
        return NotJudged(f"No usable answer in {self._attempts} attempts; the last: {reason}.")


def endpoint(url: str, model: str, *, key_variable: str = "", allow_remote: bool = False, timeout: float = 300.0) -> Answer:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        url: Base address, such as `http://127.0.0.1:8080/v1`.
        model: Name of the model at the endpoint.
        key_variable: Environment variable with the key; empty if none is needed.
        allow_remote: Whether dialogues and notes may leave this machine.
        timeout: Seconds to wait for an answer.

    Raises:
        InputError: The address is not one, is of another machine, or the variable is not set.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError("The judge's address is not an HTTP address.", hint="Give one such as http://127.0.0.1:8080/v1.")
    if not allow_remote and not _is_local(parts.hostname):
        message = f"The judge at {parts.hostname} is not on this machine: dialogues and notes would leave it."
        raise InputError(message, hint="Serve the judge here, or allow remote judges if no patient's data is in the visits.")
    if key_variable and not os.environ.get(key_variable):
        raise InputError(f"The environment variable {key_variable} is not set.", hint="Put the judge's key into it.")
    headers = {"Authorization": f"Bearer {os.environ[key_variable]}"} if key_variable else {}
    # Without the proxies of the environment: a local address must stay local.
    client = httpx.Client(headers=headers, timeout=timeout, trust_env=allow_remote)

    def answer(messages: list[Message]) -> str:
        body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": _ANSWER_TOKENS}
        response = client.post(url.rstrip("/") + "/chat/completions", json=body)
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=_Completion).choices[0].message.content

    return answer


def judge_named(model: str, url: str | None = None, *, key_variable: str = "", allow_remote: bool = False) -> Judge:
    """A judge by name.

    Args:
        model: Name of the model at the endpoint, or a Hugging Face directory if there is no endpoint.
        url: As for `endpoint`; None runs the model here.
        key_variable: As for `endpoint`.
        allow_remote: As for `endpoint`.

    Raises:
        InputError: As `endpoint` and `local_model`.
    """
    if url is None:
        return Judge(Path(model).name, local_model(Path(model)))
    return Judge(model, endpoint(url, model, key_variable=key_variable, allow_remote=allow_remote))


def local_model(directory: Path) -> Answer:
    """A chat model on this machine, run by `transformers`, greedily.

    Args:
        directory: A Hugging Face directory with model and tokenizer.

    Raises:
        InputError: There is no model in the directory.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415  # optional, and slow to import

    if not (directory / "config.json").is_file():
        raise InputError(f"There is no model in {directory}.", hint="Give a Hugging Face model directory.")
    tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(directory, local_files_only=True).eval()

    def answer(messages: list[Message]) -> str:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        written = model.generate(**ids, max_new_tokens=_ANSWER_TOKENS, do_sample=False)
        return str(tokenizer.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))

    return answer


class _Reply(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Reply


class _Completion(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]


def _read(answer: str) -> Judgement:
    """The JSON object of an answer, also from between other words."""
    match = re.search(r"\{.*\}", answer, re.DOTALL)
    if match is None:
        raise ValueError("the answer holds no JSON object")
    return msgspec.json.decode(match[0], type=Judgement)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120].rstrip(".")
