/** An engine of this tablet as the page sees it: a worker that is asked, and that tells what it does. */

import { RequestError } from "../api";
import type { Progress, Reply } from "./messages";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const STOPPED = { title: "The engine stopped", detail: "The engine of this tablet stopped.", hint: "Start it again, or use the box." };

/** WebAssembly never gives memory back, and tablets end pages that take too much of it. */
const MOST_GROWTH = 256 * 2 ** 20;

export class WorkerEngine<Question, Event> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #closed = false;
  /** Memory when it first told something, and now. */
  #memory = { first: 0, now: 0 };

  /** Called while weights are fetched. */
  onProgress: (progress: Progress) => void = () => {};
  /** Called with what happens, in order. */
  onEvents: (events: Event[]) => void = () => {};
  /** Called when the worker ended by itself: nothing comes of it any more. */
  onStopped: () => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply<Event>>) => this.#take(data);
    // A worker that ran out of memory or could not be loaded answers nothing any more.
    worker.onerror = () => {
      if (this.#closed) return;
      this.close();
      this.onStopped();
    };
  }

  /** @throws RequestError The engine said no, or stopped; `explain` has the words. */
  ask(question: Question): Promise<unknown> {
    if (this.#closed) return Promise.reject(new RequestError(0, STOPPED));
    return new Promise((resolve, reject) => {
      const id = ++this.#asked;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, question });
    });
  }

  /** It holds so much more memory than at first that another one should take its place as soon as it may. */
  get grown(): boolean {
    return this.#memory.now > this.#memory.first + MOST_GROWTH;
  }

  /** Give back all its memory at once. What is asked after that, or was not answered yet, fails. */
  close(): void {
    this.#closed = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new RequestError(0, STOPPED));
    this.#waiting.clear();
  }

  #take(reply: Reply<Event>): void {
    if (this.#closed) return;
    if (reply.kind === "progress") return this.onProgress(reply.progress);
    if (reply.kind === "events") {
      this.#memory = { first: this.#memory.first || reply.bytes, now: reply.bytes };
      return this.onEvents(reply.events);
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "answer") waiting?.resolve(reply.value);
    else waiting?.reject(new RequestError(0, reply.problem));
  }
}

/** Half of the processor, at most four threads; one where the browser does not share memory between threads. */
export function threadsHere(): number {
  return crossOriginIsolated ? Math.min(4, Math.max(1, navigator.hardwareConcurrency >> 1)) : 1;
}
