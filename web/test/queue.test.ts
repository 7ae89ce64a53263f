import "fake-indexeddb/auto";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RequestError } from "../src/api";
import { CHUNK_SAMPLES, type Encounter } from "../src/types";
import { delayAfter } from "../src/upload/backoff";
import { ChunkStore } from "../src/upload/chunk-store";
import { UploadQueue } from "../src/upload/queue";

const problem = (status: number) => new RequestError(status, { title: "", detail: `status ${status}`, hint: "" });

/** A box that keeps what it gets, and fails as often as it is told. */
class Box {
  readonly chunks = new Map<number, number>();
  readonly order: number[] = [];
  finishedWith: number | null = null;
  /** Errors for the next requests, in order. */
  failures: RequestError[] = [];
  /** The next request is carried out, but its answer is lost. */
  loseAnswer = false;
  /** Chunks up to which turns are final. */
  committed = 0;
  state: Encounter["state"] = "writing";

  putChunk = (_: string, n: number, samples: ArrayBuffer) =>
    this.#answer(() => {
      this.order.push(n);
      this.chunks.set(n, new Int16Array(samples)[0] ?? -1);
      return { received_through: n, missing: [], committed: this.committed * CHUNK_SAMPLES };
    });

  finishEncounter = (_: string, chunks: number) =>
    this.#answer(() => {
      if (this.finishedWith !== null) throw problem(409);
      this.finishedWith = chunks;
      return this.#encounter();
    });

  getEncounter = () => Promise.resolve(this.#encounter());

  #encounter(): Encounter {
    return { state: this.finishedWith === null ? "recording" : this.state } as Encounter;
  }

  async #answer<T>(act: () => T): Promise<T> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    const result = act();
    if (this.loseAnswer) {
      this.loseAnswer = false;
      throw problem(0);
    }
    return result;
  }
}

const realTimeout = setTimeout;

/** Let everything happen that does not wait for one of the queue's timers, until a condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => realTimeout(resolve));
}

let store: ChunkStore;
let box: Box;
let queue: UploadQueue;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  store = await ChunkStore.open(null, `test-${Math.random()}`);
  box = new Box();
  queue = new UploadQueue("a", store, box);
  await store.begin("a", "Visit");
});

afterEach(() => {
  queue.stop();
  store.close();
  vi.useRealTimers();
});

const append = async (...values: number[]) => {
  for (const value of values) await store.append("a", Int16Array.of(value).buffer);
  queue.wake();
};

test("sends chunks in order as they come, deletes them, and finishes with their count", async () => {
  await append(10, 11);
  const end = queue.run();
  await until(() => box.chunks.size === 2);
  await append(12);
  await until(() => box.chunks.size === 3 && queue.state.value.waiting === 0);
  expect(await store.pending("a")).toEqual([]);
  await store.finish("a");
  queue.wake();
  expect(await end).toBe("finished");
  expect(box.order).toEqual([0, 1, 2]);
  expect([...box.chunks.values()]).toEqual([10, 11, 12]);
  expect(box.finishedWith).toBe(3);
  expect(await store.recordings()).toEqual([]);
});

test("goes on after lost connections and errors of the box, and says what waits meanwhile", async () => {
  box.failures = [problem(0), problem(503)];
  await append(10, 11);
  const end = queue.run();
  await until(() => vi.getTimerCount() === 1);
  expect(queue.state.value).toMatchObject({ connected: false, waiting: 2 });
  vi.advanceTimersByTime(delayAfter(1));
  await until(() => vi.getTimerCount() === 1);
  expect(queue.state.value).toMatchObject({ connected: true, trouble: "status 503", waiting: 2 });
  vi.advanceTimersByTime(delayAfter(2));
  await until(() => queue.state.value.waiting === 0);
  expect(queue.state.value).toMatchObject({ connected: true, trouble: null });
  expect(box.order).toEqual([0, 1]);
  queue.stop();
  expect(await end).toBe("stopped");
});

test("new chunks do not shorten the wait of a dead connection, but the network's return does", async () => {
  box.failures = Array.from({ length: 4 }, () => problem(0));
  await append(10);
  void queue.run();
  await until(() => vi.getTimerCount() === 1);
  await append(11, 12);
  await until(() => queue.state.value.waiting === 3);
  expect(box.failures.length).toBe(3);
  box.failures = [];
  // No timer runs out from here on.
  queue.retryNow();
  await until(() => queue.state.value.waiting === 0);
  expect(box.order).toEqual([0, 1, 2]);
});

test("a chunk whose answer was lost is sent again with the same bytes", async () => {
  box.loseAnswer = true;
  await append(10);
  void queue.run();
  await until(() => vi.getTimerCount() === 1);
  vi.advanceTimersByTime(delayAfter(1));
  await until(() => queue.state.value.waiting === 0);
  expect(box.order).toEqual([0, 0]);
  expect(box.chunks).toEqual(new Map([[0, 10]]));
});

test("a finish whose answer was lost counts", async () => {
  await store.finish("a");
  box.loseAnswer = true;
  const end = queue.run();
  await until(() => vi.getTimerCount() === 1);
  vi.advanceTimersByTime(delayAfter(1));
  expect(await end).toBe("finished");
  expect(await store.recordings()).toEqual([]);
});

test("a chunk number that is taken by other audio stops the queue and keeps the audio", async () => {
  box.failures = [problem(409)];
  await append(10);
  expect(await queue.run()).toBe("conflict");
  expect(queue.state.value.trouble).toBe("status 409");
  expect(await store.pending("a")).toEqual([0]);
});

test("audio of a deleted encounter is deleted from the tablet", async () => {
  box.failures = [problem(404)];
  await append(10);
  expect(await queue.run()).toBe("deleted");
  expect(await store.pending("a")).toEqual([]);
  expect(await store.recordings()).toEqual([]);
});

test("chunks that the box has stay here until turns are final beyond them", async () => {
  await append(10, 11, 12);
  void queue.run();
  await until(() => queue.state.value.waiting === 0);
  expect(await store.first("a")).toBe(0);
  expect(new Int16Array((await store.chunk("a", 1)) as ArrayBuffer)).toEqual(Int16Array.of(11));
  box.committed = 2;
  await append(13);
  await until(() => queue.state.value.waiting === 0);
  await vi.waitFor(async () => expect(await store.first("a")).toBe(2));
  expect(await store.chunk("a", 1)).toBeUndefined();
  expect(new Int16Array((await store.chunk("a", 2)) as ArrayBuffer)).toEqual(Int16Array.of(12));
});

test("a finished recording stays here until it is heard to its end", async () => {
  box.state = "transcribing";
  await append(10);
  await store.finish("a");
  const end = queue.run();
  await until(() => queue.state.value.outcome === "finished" && vi.getTimerCount() === 1);
  expect(await store.first("a")).toBe(0);
  box.state = "writing";
  vi.advanceTimersByTime(3_000);
  expect(await end).toBe("finished");
  expect(await store.first("a")).toBeUndefined();
  expect(await store.recordings()).toEqual([]);
});
