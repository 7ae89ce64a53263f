"""Engines of a tablet that answer at once: workers in place of the page's, with the script of `kiosk_peers`.

Four chunks make a turn; the note is all turns in each section.
"""

from __future__ import annotations

import json
from typing import Any, Final

from kiosk_peers import SECTIONS, TURN_CHUNKS
from playwright.sync_api import BrowserContext, Route

REPORT: Final = """
const numbers = { decode: 1.3, realTimeFactor: 0.5 };
const findings = [{ step: "wasm", usable: true, reason: "It hears and writes a sample visit.", numbers }];
localStorage.setItem("chartside-probe", JSON.stringify({ version: "tests", date: "2026-11-28T00:00:00Z", findings }));
"""
"""What a tablet remembers that was measured."""

_SERVE: Final = """
const answers = {};
const tell = (events) => postMessage({ kind: "events", events: events.map((event) => ({ id: 0, ...event })), bytes: 0 });
addEventListener("message", async (event) => {
  const { id, question } = event.data;
  // What is not scripted is left to the worker that this stands before, if there is one.
  if (!answers[question.ask]) return;
  event.stopImmediatePropagation();
  postMessage({ kind: "answer", id, value: await answers[question.ask](question) });
});
const seconds = { rules: 0, weights: 0, model: 0 };
const loaded = { bundle: "tests", threads: 1, gpu: null, seconds, memory: { rules: 0, model: 0 } };
"""

SPEECH: Final = (
    _SERVE
    + """
const said = "";
let values = [];
const turn = (end) => {
  const text = said || "heard " + values.join(" ");
  const start = (end - values.length) / 2;
  const place = (n) => ({ start: start + n / 10, end: start + (n + 1) / 10 });
  const words = (said ? said.split(" ") : []).map((text, n) => ({ text, ...place(n), probability: 0.5 }));
  const voice = { print: btoa(text.padEnd(256).slice(0, 256)), seconds: 1 };
  const turn = { text, start, end: end / 2, words, speaker: "unknown" };
  tell([{ name: "final", data: { turn, committed: end * 8000, voice } }]);
  values = [];
};
answers.load = () => loaded;
answers.open = () => { values = []; };
answers.chunk = ({ n, samples }) => {
  values.push(new Int16Array(samples)[0]);
  tell([{ name: "partial", data: { start: n / 2, end: (n + 1) / 2, stable: String(n), tentative: "" } }]);
  if ((n + 1) % TURN_CHUNKS === 0) turn(n + 1);
};
answers.finish = ({ chunks, samples }) => {
  if (values.length > 0) turn(chunks);
  tell([{ name: "finished", data: { duration: samples / 16000 } }]);
};
""".replace("TURN_CHUNKS", str(TURN_CHUNKS))
)

NOTE: Final = (
    _SERVE
    + """
let turns = [], template = "";
const made = { bundle: "tests", model: "tablet", adapter: "none" };
const stamp = { ...made, strategy: "topics", prompt: "0", software: "0", caution: "" };
answers.load = () => loaded;
answers.start = () => 0;
answers.cancel = () => undefined;
answers.open = (question) => { turns = []; template = question.template; };
answers.turn = ({ number, turn }) => { turns[number] = JSON.parse(turn).text; };
answers.finish = () => {
  const sections = SECTIONS.map((name) => ({ name, title: name, text: turns.join(" | "), sentences: [], edited: false }));
  const timing = { prefill_tokens: 100, prefill_seconds: 1, decode_tokens: 20, decode_seconds: 10, finish_to_note_seconds: 11 };
  tell([{ name: "note", data: { template, sections, stamp, timing, notice: "Draft." } }]);
};
""".replace("SECTIONS", str(list(SECTIONS)))
)

RULES: Final = """
answers.propose = () => [];
answers.correct = ({ heard }) => JSON.parse(heard);
"""
"""The part of the note engine that needs no model."""


def saying(sentence: str) -> str:
    """The speech engine that hears one sentence in every turn, word by word and with doubt."""
    return SPEECH.replace('const said = "";', f"const said = {json.dumps(sentence)};")


def script_engines(context: BrowserContext, *, measured: bool = True) -> None:
    """Give every page of a tablet engines that answer at once, and the memory of having measured them."""
    context.route("**/assets/speech-worker-*.js", lambda route: _fulfil(route, SPEECH))
    script_worker(context, NOTE + RULES)
    if measured:
        context.add_init_script(REPORT)


def script_worker(context: BrowserContext, script: str) -> None:
    """Give every page of a tablet a note engine of its own making."""
    context.route("**/assets/worker-*.js", lambda route: _fulfil(route, script))


def _fulfil(route: Route, script: str) -> None:
    # A worker of an isolated page must be isolated as well.
    headers: dict[str, Any] = {"Content-Type": "text/javascript", "Cross-Origin-Embedder-Policy": "require-corp"}
    route.fulfill(body=script, headers=headers)
