import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RequestError } from "../src/api";
import type { NoteEvent } from "../src/device/messages";
import type { SpeechEvent as Heard } from "../src/device/speech-messages";
import { BoxSink, type BoxRequests } from "../src/scribe/box-sink";
import { Later } from "../src/scribe/later";
import { Scribe } from "../src/scribe/scribe";
import type { SpeechEvent } from "../src/scribe/sink";
import { CHUNK_SAMPLES, type EncounterState, type Note, type Turn } from "../src/types";

const problem = (status: number) => new RequestError(status, { title: "", detail: `status ${status}`, hint: "" });
const TURN_CHUNKS = 4;
const turnOf = (text: string): Turn => ({ text, start: 0, end: 0, words: [], speaker: "unknown" });

/** A box that lends the visit, as `appliance/kiosk/engine_api.py` does. */
class Box implements BoxRequests {
  turns_: Turn[] = [];
  committed = 0;
  lease = 0;
  lent = false;
  corrections = 0;
  state: EncounterState = "recording";
  note: Note | null = null;
  /** Errors for the next requests, in order. */
  failures: RequestError[] = [];
  beats = 0;

  engine = async (_: string, on: "box" | "tablet") => {
    this.lent = on === "tablet";
    if (this.lent) this.lease += 1;
    return { ...this.#soFar(), earlier: this.turns_.map(({ text }) => ({ text, voice: null })) };
  };

  get = async () => ({ state: this.state, note_version: 0 }) as Awaited<ReturnType<BoxRequests["get"]>>;

  heard = async (_: string, events: SpeechEvent[], lease: number) => {
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (!this.lent || lease !== this.lease) throw problem(409);
    this.beats += Number(events.length === 0);
    for (const { name, data } of events) {
      if (name === "finished") {
        if (this.state === "recording") throw problem(409);
        this.state = "writing";
      }
      const { turn, committed } = data as { turn: Turn; committed: number };
      if (name !== "final" || committed <= this.committed) continue;
      this.turns_.push(turn);
      this.committed = committed;
    }
    return this.#soFar();
  };

  turns = async (_: string, start: number) => this.turns_.slice(start);

  written = async (_: string, { note, turns }: { note: Note; turns: number }) => {
    expect(turns).toBe(this.turns_.length);
    this.note = note;
    this.state = "draft";
    return { version: 1, newest: 1 };
  };

  #soFar() {
    const { lease, committed, corrections } = this;
    return { on: this.lent ? ("tablet" as const) : ("box" as const), lease, committed, turns: this.turns_.length, corrections };
  }
}

/** Hears the first sample of each chunk; four of them make a turn, wherever it begins. */
class Ears {
  onEvents: (events: Heard[]) => void = () => {};
  onStopped: () => void = () => {};
  heard: number[] = [];
  opened: { firstSample: number; earlier: unknown[] }[] = [];
  #values: number[] = [];
  #at = 0;

  async open(firstSample: number, earlier: unknown[]): Promise<void> {
    this.opened.push({ firstSample, earlier });
    this.#at = firstSample / CHUNK_SAMPLES;
    this.#values = [];
  }

  async chunk(n: number, samples: ArrayBuffer): Promise<void> {
    this.heard.push(n);
    this.#values.push(new Int16Array(samples)[0] as number);
    this.#emit("partial", { stable: String(n) });
    if ((n + 1) % TURN_CHUNKS === 0) this.#turn(n + 1);
  }

  async finish(chunks: number): Promise<void> {
    if (this.#values.length > 0) this.#turn(chunks);
    this.#emit("finished", { duration: chunks / 2 });
  }

  #turn(end: number): void {
    this.#emit("final", { turn: turnOf(this.#values.join(" ")), committed: end * CHUNK_SAMPLES, voice: null });
    this.#values = [];
    this.#at = end;
  }

  #emit(name: string, data: unknown): void {
    this.onEvents([{ id: this.#at, name, data }]);
  }
}

/** Writes all turns into one section. */
class Pen {
  onEvents: (events: NoteEvent[]) => void = () => {};
  onStopped: () => void = () => {};
  turns: string[] = [];
  asked: string[] = [];

  async ask(question: { ask: string; number?: number; turn?: string; turns?: number }): Promise<unknown> {
    this.asked.push(question.ask);
    if (question.ask === "open") this.turns = [];
    if (question.ask === "turn") this.turns[question.number as number] = (JSON.parse(question.turn as string) as Turn).text;
    if (question.ask === "finish") {
      expect(question.turns).toBe(this.turns.length);
      this.onEvents([{ id: 1, name: "note", data: { sections: [{ text: this.turns.join(" | ") }] } }]);
    }
    return undefined;
  }
}

/** The tablet's copy of a recording that goes on. */
class Recording {
  next = 0;
  finished = false;
  from = 0;

  get = async () => ({ encounter: "a", title: "", next: this.next, finished: this.finished });
  chunk = async (_: string, n: number) => (n < this.from ? undefined : Int16Array.of(n + 1).buffer);
}

const expected = (chunks: number): string[] =>
  Array.from({ length: Math.ceil(chunks / TURN_CHUNKS) }, (_, k) =>
    Array.from({ length: Math.min(TURN_CHUNKS, chunks - k * TURN_CHUNKS) }, (_, n) => k * TURN_CHUNKS + n + 1).join(" "),
  );

let box: Box;
let ears: Ears;
let pen: Pen;
let recording: Recording;
let uploaded: Later<void>;

beforeEach(() => {
  vi.useFakeTimers();
  box = new Box();
  ears = new Ears();
  pen = new Pen();
  recording = new Recording();
  uploaded = new Later();
});

afterEach(() => vi.useRealTimers());

const scribe = () => new Scribe("a", "aci", recording, { ears, pen }, new BoxSink("a", box, () => uploaded.promise));
const texts = () => box.turns_.map(({ text }) => text);
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

test("a whole visit is heard, written and given back, the end only when the box has the recording", async () => {
  const outcome = scribe().run();
  recording.next = 6;
  await pass(1_000);
  expect(texts()).toEqual(expected(4));
  recording.next = 10;
  recording.finished = true;
  await pass(1_000);
  expect(box.state).toBe("recording");
  box.state = "transcribing";
  uploaded.resolve();
  expect(await outcome).toBe("written");
  expect(texts()).toEqual(expected(10));
  expect(box.note).toMatchObject({ sections: [{ text: expected(10).join(" | ") }] });
  expect(box.lent).toBe(false);
});

test("it goes on where the box stood, and the box where it stopped", async () => {
  box.turns_ = [turnOf("1 2 3 4")];
  box.committed = 4 * CHUNK_SAMPLES;
  recording.next = 10;
  recording.from = 4;
  const working = scribe();
  const outcome = working.run();
  await pass(1_000);
  expect(ears.opened).toEqual([{ firstSample: 4 * CHUNK_SAMPLES, earlier: [{ text: "1 2 3 4", voice: null }] }]);
  expect(ears.heard).toEqual([4, 5, 6, 7, 8, 9]);
  await working.stop();
  expect(await outcome).toBe("stopped");
  expect(texts()).toEqual(expected(8));
  expect(box.committed).toBe(8 * CHUNK_SAMPLES);
  expect(box.lent).toBe(false);
  expect(pen.asked.at(-1)).toBe("cancel");
  recording.next = 12;
  await pass(5_000);
  expect(ears.heard.at(-1)).toBe(9);
});

test("a box that took the visit back ends it", async () => {
  recording.next = 2;
  const outcome = scribe().run();
  await pass(1_000);
  box.lent = false;
  recording.next = 5;
  await pass(1_000);
  expect(await outcome).toBe("lost");
  expect(texts()).toEqual([]);
});

test("the lease is renewed while nothing is heard", async () => {
  const working = scribe();
  void working.run();
  await pass(35_000);
  expect(box.beats).toBe(3);
  await working.stop();
});

test("what the box did not get is sent again, each turn once", async () => {
  recording.next = 8;
  box.failures = [problem(0), problem(503)];
  const working = scribe();
  void working.run();
  await pass(5_000);
  expect(texts()).toEqual(expected(8));
  await working.stop();
});

test("a turn that is labelled anew is told to the note engine again", async () => {
  recording.next = 4;
  const working = scribe();
  void working.run();
  await pass(1_000);
  expect(pen.turns).toEqual(expected(4));
  box.turns_[0] = turnOf("corrected");
  box.corrections += 1;
  recording.next = 8;
  // The next turn brings the news, and the one after it the words.
  await pass(1_000);
  expect(pen.turns).toEqual(["corrected", "5 6 7 8"]);
  await working.stop();
});

test("only the note is written of a visit that is heard to its end", async () => {
  box.turns_ = [turnOf("1 2 3 4")];
  box.state = "writing";
  expect(await scribe().run()).toBe("written");
  expect(ears.opened).toEqual([]);
  expect(box.note).toMatchObject({ sections: [{ text: "1 2 3 4" }] });
});

test("an engine that stops ends it with a sentence", async () => {
  recording.next = 2;
  const outcome = scribe().run();
  outcome.catch(() => undefined);
  await pass(1_000);
  ears.onStopped();
  await expect(outcome).rejects.toThrow("An engine of this tablet stopped.");
});
