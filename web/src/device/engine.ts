/** The note engine as the page sees it: a worker that is asked and that tells what it writes. */

import { RequestError } from "../api";
import type { Loaded, NoteEvent, Progress, Question, Reply } from "./messages";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const STOPPED = { title: "The note engine stopped", detail: "The note engine of this tablet stopped.", hint: "Start it again, or use the box." };

export class DeviceEngine {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "note-engine" });
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #closed = false;

  /** Called while weights are fetched. */
  onProgress: (progress: Progress) => void = () => {};
  /** Called with what happens to the note, in order. */
  onEvents: (events: NoteEvent[]) => void = () => {};

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    // A worker that ran out of memory or could not be loaded answers nothing any more.
    this.#worker.onerror = () => this.close();
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

  load(threads = threadsHere()): Promise<Loaded> {
    return this.ask({ ask: "load", threads }) as Promise<Loaded>;
  }

  /** Give back all its memory at once. What is asked after that, or was not answered yet, fails. */
  close(): void {
    this.#closed = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new RequestError(0, STOPPED));
    this.#waiting.clear();
  }

  #take(reply: Reply): void {
    if (reply.kind === "progress") return this.onProgress(reply.progress);
    if (reply.kind === "events") return this.onEvents(reply.events);
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
