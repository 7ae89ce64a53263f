import { expect, test } from "vitest";

import { RequestError } from "../src/api";
import { SpeechEngine } from "../src/device/speech-engine";
import type { SpeechEvent, SpeechQuestion } from "../src/device/speech-messages";
import { WorkerEngine } from "../src/device/worker-engine";
import { CHUNK_SAMPLES } from "../src/types";

/** A worker that answers everything and says what it was asked; the test says what it hears. */
class FakeWorker {
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly asked: SpeechQuestion[] = [];
  ended = false;
  silent = false;

  postMessage({ id, question }: { id: number; question: SpeechQuestion }): void {
    this.asked.push(question);
    if (!this.silent) queueMicrotask(() => this.onmessage?.({ data: { kind: "answer", id, value: null } }));
  }

  terminate(): void {
    this.ended = true;
  }

  hears(events: Partial<SpeechEvent>[], bytes = 100): void {
    this.onmessage?.({ data: { kind: "events", events, bytes } });
  }
}

function started(): { engine: SpeechEngine; workers: FakeWorker[]; told: string[] } {
  const workers: FakeWorker[] = [];
  const engine = new SpeechEngine(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return new WorkerEngine(worker as unknown as Worker);
  });
  const told: string[] = [];
  engine.onEvents = (events) => told.push(...events.map(({ name }) => name));
  engine.onStopped = () => told.push("stopped");
  return { engine, workers, told };
}

const final = (text: string, committed: number): Partial<SpeechEvent> => ({
  name: "final",
  data: { turn: { text }, committed, voice: null },
});
const samples = (n: number): ArrayBuffer => new Int16Array([n]).buffer;
const kinds = (worker: FakeWorker | undefined): string[] => (worker?.asked ?? []).map(({ ask }) => ask);
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

test("a worker that has grown is replaced, and the new one goes on from the last commit", async () => {
  const { engine, workers, told } = started();
  await engine.load(3);
  await engine.open(CHUNK_SAMPLES, [{ text: "Before.", voice: null }]);
  for (let n = 1; n < 6; n++) await engine.chunk(n, samples(n));
  workers[0]?.hears([final("One.", 2 * CHUNK_SAMPLES)]);
  workers[0]?.hears([final("Two.", 4 * CHUNK_SAMPLES + 10)], 2 ** 30);
  await engine.chunk(6, samples(6));
  await engine.finish(7, 50_000);
  await settled();
  expect(workers[0]?.ended).toBe(true);
  expect(workers).toHaveLength(2);
  expect(workers[1]?.asked.slice(0, 2)).toEqual([
    { ask: "load", threads: 3 },
    {
      ask: "open",
      firstSample: 4 * CHUNK_SAMPLES + 10,
      earlier: '[{"text":"Before.","voice":null},{"text":"One.","voice":null},{"text":"Two.","voice":null}]',
    },
  ]);
  const numbers = workers[1]?.asked.flatMap((question) => (question.ask === "chunk" ? [question.n] : []));
  expect(numbers).toEqual([4, 5, 6]);
  expect(kinds(workers[1]).at(-1)).toBe("finish");
  expect(told).toEqual(["final", "final"]);
});

test("while nothing is decided a worker stays, however large it is", async () => {
  const { engine, workers } = started();
  await engine.open(0, []);
  workers[0]?.hears([final("One.", 10)]);
  workers[0]?.hears([{ name: "partial", data: {} }], 2 ** 30);
  await settled();
  expect(workers).toHaveLength(1);
});

test("a crash is told once, and nothing that was asked hangs", async () => {
  const { engine, workers, told } = started();
  await engine.open(0, []);
  const worker = workers[0] as FakeWorker;
  worker.silent = true;
  const asked = engine.chunk(0, samples(0));
  const later = engine.finish(1);
  await settled();
  worker.onerror?.();
  await expect(asked).rejects.toBeInstanceOf(RequestError);
  await expect(later).rejects.toBeInstanceOf(RequestError);
  await expect(engine.chunk(1, samples(1))).rejects.toBeInstanceOf(RequestError);
  worker.onerror?.();
  expect(told).toEqual(["stopped"]);
  expect(worker.ended).toBe(true);
});

test("a closed engine starts nothing again and says nothing", async () => {
  const { engine, workers, told } = started();
  await engine.open(0, []);
  workers[0]?.hears([final("One.", 10)]);
  workers[0]?.hears([final("Two.", 20)], 2 ** 30);
  engine.close();
  workers[0]?.hears([final("Three.", 30)]);
  await settled();
  expect(workers).toHaveLength(1);
  expect(told).toEqual(["final", "final"]);
});

test("what is still heard of a recording that was given up is not told", async () => {
  const { engine, workers, told } = started();
  await engine.open(0, []);
  const worker = workers[0] as FakeWorker;
  worker.silent = true;
  void engine.open(0, []).catch(() => {});
  await settled();
  worker.hears([final("Of the old one.", 10)]);
  expect(told).toEqual([]);
});
