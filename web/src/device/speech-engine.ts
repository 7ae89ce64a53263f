/** The speech engine as the page sees it: chunks of audio in, turns out. */

import { CHUNK_SAMPLES } from "../types";
import type { Progress } from "./messages";
import type { SpeechEvent, SpeechLoaded, SpeechQuestion } from "./speech-messages";
import { threadsHere, WorkerEngine } from "./worker-engine";

type SpeechWorker = WorkerEngine<SpeechQuestion, SpeechEvent>;

const newWorker = (): SpeechWorker =>
  new WorkerEngine(new Worker(new URL("./speech-worker.ts", import.meta.url), { type: "module", name: "speech-engine" }));

/** What a worker needs to go on where another one ended: everything is decided from the audio since the last commit. */
interface Recording {
  /** Sample up to which all turns were told. */
  committed: number;
  /** The turns up to there, as the speech service wants them. */
  earlier: unknown[];
  /** The audio since then, by number. */
  chunks: Map<number, ArrayBuffer>;
  end: { chunks: number; samples: number | undefined } | null;
}

export class SpeechEngine {
  readonly #start: () => SpeechWorker;
  #worker: SpeechWorker;
  #threads = 1;
  #recording: Recording | null = null;
  #replacing = false;
  #closed = false;
  #line: Promise<unknown> = Promise.resolve();

  /** Called while weights are fetched. */
  onProgress: (progress: Progress) => void = () => {};
  /** Called with what is heard, in order. */
  onEvents: (events: SpeechEvent[]) => void = () => {};
  /** Called when the engine ended by itself: what is asked after that fails. */
  onStopped: () => void = () => {};

  constructor(start: () => SpeechWorker = newWorker) {
    this.#start = start;
    this.#worker = this.#begin();
  }

  /** @throws RequestError The models cannot be had, or the engine stopped. */
  load(threads = threadsHere()): Promise<SpeechLoaded> {
    this.#threads = threads;
    return this.#next(() => this.#load());
  }

  /**
   * Begin a recording; another one is given up.
   *
   * @param firstSample Where to begin: the visit's last commit.
   * @param earlier The turns before it, as the speech service wants them.
   */
  open(firstSample: number, earlier: unknown[]): Promise<void> {
    return this.#next(async () => {
      this.#recording = null;
      const recording = { committed: firstSample, earlier: [...earlier], chunks: new Map(), end: null };
      await this.#open(recording);
      this.#recording = recording;
    });
  }

  /** Take a chunk, in any order, more than once if in doubt; those before the first sample are ignored. */
  chunk(n: number, samples: ArrayBuffer): Promise<void> {
    return this.#next(async () => {
      const recording = this.#recording;
      if (recording && (n + 1) * CHUNK_SAMPLES > recording.committed) recording.chunks.set(n, samples);
      await this.#worker.ask({ ask: "chunk", n, samples });
    });
  }

  /** Declare the end: the number of all chunks, and of all samples if that is known. What never came becomes a gap. */
  finish(chunks: number, samples?: number): Promise<void> {
    return this.#next(async () => {
      await this.#worker.ask({ ask: "finish", chunks, samples });
      if (this.#recording) this.#recording.end = { chunks, samples };
    });
  }

  /** Give back all its memory at once. What is asked after that, or was not answered yet, fails. */
  close(): void {
    this.#closed = true;
    this.#worker.close();
  }

  #begin(): SpeechWorker {
    const worker = this.#start();
    worker.onProgress = (progress) => this.onProgress(progress);
    worker.onEvents = (events) => this.#take(events);
    worker.onStopped = () => this.onStopped();
    return worker;
  }

  async #load(): Promise<SpeechLoaded> {
    return (await this.#worker.ask({ ask: "load", threads: this.#threads })) as SpeechLoaded;
  }

  async #open({ committed, earlier }: Recording): Promise<void> {
    await this.#worker.ask({ ask: "open", firstSample: committed, earlier: JSON.stringify(earlier) });
  }

  #take(events: SpeechEvent[]): void {
    const recording = this.#recording;
    // What is still heard of a recording that was given up is nobody's.
    if (!recording) return;
    const commits = events.filter((event) => this.#commit(recording, event)).length;
    this.onEvents(events);
    if (commits && this.#worker.grown) this.#replace();
  }

  /** Keep in mind what a worker after this one needs; returns whether the event decided anything. */
  #commit(recording: Recording, { name, data }: SpeechEvent): boolean {
    if (name === "finished" || name === "failed") this.#recording = null;
    if (name !== "final" && name !== "gap") return false;
    const { committed, turn, voice } = data as { committed: number; turn?: { text: string }; voice?: unknown };
    if (turn) recording.earlier.push({ text: turn.text, voice });
    recording.committed = committed;
    for (const n of recording.chunks.keys()) if ((n + 1) * CHUNK_SAMPLES <= committed) recording.chunks.delete(n);
    return true;
  }

  /** Go on from the last commit with a worker whose memory is small. */
  #replace(): void {
    if (this.#replacing) return;
    this.#replacing = true;
    this.#next(async () => {
      if (this.#closed) return;
      this.#worker.close();
      this.#worker = this.#begin();
      await this.#load();
      const recording = this.#recording;
      if (!recording) return;
      await this.#open(recording);
      for (const [n, samples] of recording.chunks) await this.#worker.ask({ ask: "chunk", n, samples });
      if (recording.end) await this.#worker.ask({ ask: "finish", ...recording.end });
    })
      .catch(() => {
        if (this.#closed) return;
        this.close();
        this.onStopped();
      })
      .finally(() => {
        this.#replacing = false;
      });
  }

  /** One thing after another: while a worker is replaced, what is asked waits for the new one. */
  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#line.then(work);
    this.#line = result.catch(() => {});
    return result;
  }
}
