from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from evaluation_visits import DIABETES, THYROID

from appliance.errors import InputError
from training.evaluation.evaluate import evaluate
from training.evaluation.judge import Judge, Judgement, NotJudged, endpoint
from training.visits import WrittenNote

GOOD = {
    "comprehensiveness": 4,
    "factual_correctness": 5,
    "organization": 3,
    "fluency": 5,
    "conciseness": 2,
    "hallucination": "none",
    "omission": "minor",
    "reason": "Misses the allergy.",
}


class Endpoint:
    """A server of the chat completions of the OpenAI API, which answers what it was told to."""

    def __init__(self) -> None:
        self.answers: list[str | int] = []
        """Texts of the next answers, or status codes; the last one is repeated."""
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/chat/completions"
                owner.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                owner.keys.append(self.headers["Authorization"])
                answer = owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]
                message = {"role": "assistant", "content": answer}
                body = json.dumps({"id": "1", "object": "chat.completion", "choices": [{"index": 0, "message": message}]})
                self.send_response(answer if isinstance(answer, int) else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def served() -> Iterator[Endpoint]:
    found = Endpoint()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def judge(served: Endpoint, **options: Any) -> Judge:
    return Judge("scripted", endpoint(served.url, "scripted", **options))


def test_a_judge_reads_dialogue_and_note_and_gives_points(served: Endpoint) -> None:
    served.answers = [json.dumps(GOOD)]
    found = judge(served).judge(DIABETES, "Metformin 500 mg.")
    assert isinstance(found, Judgement)
    assert (found.comprehensiveness, found.conciseness, found.omission) == (4, 2, "minor")
    (request,) = served.requests
    assert request["model"] == "scripted"
    assert request["temperature"] == 0
    system, user = (message["content"] for message in request["messages"])
    assert '"major" if it could change diagnosis or treatment' in system
    assert "Doctor: Any chest pain?\nPatient: No, nothing like that." in user
    assert "Note:\n\nMetformin 500 mg." in user
    assert DIABETES.note not in user  # never the reference


def test_json_between_other_words_is_read(served: Endpoint) -> None:
    served.answers = [f"Here is my answer:\n```json\n{json.dumps(GOOD)}\n```"]
    assert isinstance(judge(served).judge(DIABETES, "x"), Judgement)


@pytest.mark.parametrize(
    "bad",
    [
        "I think it is a good note.",
        json.dumps({**GOOD, "fluency": 6}),
        json.dumps({**GOOD, "omission": "some"}),
        '{"fluency": 3}',
        500,
    ],
    ids=["prose", "six points", "unknown grade", "missing", "server error"],
)
def test_a_bad_answer_is_asked_for_again_and_then_reported(served: Endpoint, bad: str | int) -> None:
    served.answers = [bad, json.dumps(GOOD)]
    assert isinstance(judge(served).judge(DIABETES, "x"), Judgement)
    assert len(served.requests) == 2
    served.answers = [bad]
    found = judge(served).judge(DIABETES, "x")
    assert isinstance(found, NotJudged)
    assert "3 attempts" in found.reason
    assert len(served.requests) == 5


def test_an_evaluation_has_the_points_and_says_what_was_not_judged(served: Endpoint) -> None:
    served.answers = [json.dumps(GOOD), "no", "no", "no"]
    notes = [WrittenNote(visit.id, visit.note) for visit in (DIABETES, THYROID)]
    found = evaluate([DIABETES, THYROID], {"a": notes}, judge=judge(served))
    assert found.judge == "scripted"
    assert found.systems[0].means["judge_conciseness"].n == 1
    assert found.systems[0].means["judge_conciseness"].mean == 2
    assert found.systems[0].cases[1].judgement is None
    assert "No usable answer" in found.systems[0].cases[1].not_judged


def test_the_key_comes_from_the_environment(served: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="JUDGE_KEY is not set"):
        endpoint(served.url, "m", key_variable="JUDGE_KEY")
    monkeypatch.setenv("JUDGE_KEY", "planted")
    served.answers = [json.dumps(GOOD)]
    judge(served, key_variable="JUDGE_KEY").judge(DIABETES, "x")
    assert served.keys == ["Bearer planted"]


@pytest.mark.parametrize("url", ["https://judge.example/v1", "http://10.0.0.7:8080/v1", "http://127.0.0.1.example/v1"])
def test_nothing_leaves_the_machine_unless_allowed(url: str) -> None:
    with pytest.raises(InputError, match="not on this machine"):
        endpoint(url, "m")
    endpoint(url, "m", allow_remote=True)


def test_a_local_judge_is_not_asked_through_a_proxy(served: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    served.answers = [json.dumps(GOOD)]
    assert isinstance(judge(served).judge(DIABETES, "x"), Judgement)


@pytest.mark.parametrize("url", ["judge", "ftp://127.0.0.1/v1", "http:///v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="not an HTTP address"):
        endpoint(url, "m")


def test_a_judge_that_is_gone_is_reported() -> None:
    found = Judge("gone", endpoint("http://127.0.0.1:9/v1", "m")).judge(DIABETES, "x")
    assert isinstance(found, NotJudged)
    assert "ConnectError" in found.reason
