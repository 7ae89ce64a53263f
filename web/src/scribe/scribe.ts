/** Hears and writes one visit with the engines of this tablet, from where it stands. */

import { CHUNK_SAMPLES, type Note, type ProblemDocument, SAMPLE_BYTES, type Turn } from "../types";
import { RequestError } from "../api";
import { delayAfter, Pause } from "../upload/backoff";
import type { ChunkStore } from "../upload/chunk-store";
import type { DeviceEngine } from "../device/engine";
import type { NoteEvent } from "../device/messages";
import type { SpeechEngine } from "../device/speech-engine";
import { Later } from "./later";
import { Outbox } from "./outbox";
import { LostLeaseError, type Sink, type SpeechEvent } from "./sink";

/** How often the store is looked at for the next half second. */
const LOOK_MS = 250;
/** Longest wait for what is heard already to be kept, when the visit is given back. */
const GOODBYE_MS = 3_000;

/** What hears. */
export type Ears = Pick<SpeechEngine, "onEvents" | "onStopped" | "open" | "chunk" | "finish">;
/** What writes. */
export type Pen = Pick<DeviceEngine, "onEvents" | "onStopped" | "ask">;

export interface Engines {
  ears: Ears;
  pen: Pen;
}

/** The tablet's copy of the recording. */
export type Recording = Pick<ChunkStore, "get" | "chunk">;

/** How it ended: the note is `written`, the visit was given back, or somebody else has it. */
export type Outcome = "written" | "stopped" | "lost";

export class Scribe {
  readonly encounter: string;
  readonly #template: string;
  readonly #recording: Recording;
  readonly #engines: Engines;
  readonly #sink: Sink;
  readonly #outbox: Outbox;
  readonly #pause = new Pause();
  readonly #ended = new Later<Outcome>();
  readonly #heardAll = new Later<void>();
  readonly #note = new Later<Note>();
  #read: string[] = [];
  #feeding: Promise<void> = Promise.resolve();
  #over = false;

  /** Called with what happens to the note while it is written. */
  onNote: (events: NoteEvent[]) => void = () => {};
  /** Called once the visit is this tablet's. */
  onBegun: () => void = () => {};

  constructor(encounter: string, template: string, recording: Recording, engines: Engines, sink: Sink) {
    this.encounter = encounter;
    this.#template = template;
    this.#recording = recording;
    this.#engines = engines;
    this.#sink = sink;
    this.#outbox = new Outbox(sink);
  }

  /**
   * Work until the note is written, the visit is lost, or `stop`.
   *
   * @throws RequestError An engine or the sink failed; what was heard until then is kept.
   */
  async run(): Promise<Outcome> {
    try {
      return await Promise.race([this.#work(), this.#ended.promise]);
    } catch (error) {
      if (error instanceof LostLeaseError) return "lost";
      throw error;
    } finally {
      this.#close();
    }
  }

  /** Give the visit back: what is heard already is kept first. */
  async stop(): Promise<void> {
    this.#over = true;
    this.#pause.wake();
    await this.#outbox.flush(GOODBYE_MS);
    this.#ended.resolve("stopped");
    await this.#sink.end().catch(() => undefined);
  }

  async #work(): Promise<Outcome> {
    const { ears, pen } = this.#engines;
    const standing = await this.#sink.begin();
    if (this.#over) return "stopped";
    ears.onStopped = pen.onStopped = () => this.#ended.reject(new RequestError(0, STOPPED));
    pen.onEvents = (events) => this.#takeNote(events);
    this.#outbox.onKept = (events) => this.#onKept(events);
    this.#outbox.run().catch((error: unknown) => this.#ended.reject(error));
    await pen.ask({ ask: "open", template: this.#template });
    this.onBegun();
    await this.#feed(standing.turns);
    if (!standing.heard) await this.#hear(standing.committed, standing.earlier);
    await this.#write();
    return "written";
  }

  /** Hear the recording from a sample to its end. */
  async #hear(committed: number, earlier: unknown[]): Promise<void> {
    const { ears } = this.#engines;
    ears.onEvents = (events) => this.#hearEvents(events);
    await ears.open(committed, earlier);
    let samples: number | undefined;
    for (let n = Math.floor(committed / CHUNK_SAMPLES); !this.#over; ) {
      const recording = await this.#recording.get(this.encounter);
      if (!recording) throw new RequestError(0, NO_AUDIO);
      if (n < recording.next) {
        const chunk = await this.#recording.chunk(this.encounter, n);
        // One that is not here is a gap, as for the box.
        if (chunk) {
          samples = n * CHUNK_SAMPLES + chunk.byteLength / SAMPLE_BYTES;
          await ears.chunk(n, chunk);
        }
        n += 1;
      } else if (recording.finished) {
        await ears.finish(recording.next, samples);
        return this.#heardAll.promise;
      } else {
        await this.#pause.wait(LOOK_MS);
      }
    }
    return this.#heardAll.promise;
  }

  #hearEvents(events: SpeechEvent[]): void {
    const failed = events.find(({ name }) => name === "failed");
    if (failed) this.#ended.reject(new RequestError(0, failed.data as ProblemDocument));
    else this.#outbox.add(events.map(({ name, data }) => ({ name, data })));
  }

  async #write(): Promise<void> {
    await this.#again(() => this.#feed());
    await this.#engines.pen.ask({ ask: "finish", turns: this.#read.length });
    const note = await this.#note.promise;
    await this.#again(() => this.#sink.written(note));
    await this.#sink.end().catch(() => undefined);
  }

  /** Attempt something until it works, or cannot. */
  async #again(attempt: () => Promise<void>): Promise<void> {
    for (let failures = 1; !this.#over; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof RequestError) || !error.temporary) throw error;
        await this.#pause.wait(delayAfter(failures));
      }
    }
  }

  #onKept(events: SpeechEvent[]): void {
    if (events.some(({ name }) => name === "finished")) this.#heardAll.resolve();
    else if (events.some(({ name }) => name === "final" || name === "speakers")) this.#feed().catch(() => undefined);
  }

  /** Give the note engine the turns that are new, or read differently than before. */
  #feed(known?: Turn[]): Promise<void> {
    const fed = this.#feeding.then(async () => {
      for (const [number, found] of (known ?? (await this.#sink.turns())).entries()) {
        const turn = JSON.stringify(found);
        if (this.#over || this.#read[number] === turn) continue;
        await this.#engines.pen.ask({ ask: "turn", number, turn });
        this.#read[number] = turn;
      }
    });
    // Turns that could not be had are asked for with the next ones.
    this.#feeding = fed.catch(() => undefined);
    return fed;
  }

  #takeNote(events: NoteEvent[]): void {
    this.onNote(events);
    for (const { name, data } of events) {
      if (name === "note") this.#note.resolve(data as Note);
      if (name === "failed") this.#ended.reject(new RequestError(0, data as ProblemDocument));
    }
  }

  #close(): void {
    this.#over = true;
    this.#pause.wake();
    this.#outbox.close();
    const { ears, pen } = this.#engines;
    ears.onEvents = pen.onEvents = () => {};
    ears.onStopped = pen.onStopped = () => {};
    void pen.ask({ ask: "cancel" }).catch(() => undefined);
  }
}

const STOPPED = { title: "The engine stopped", detail: "An engine of this tablet stopped.", hint: "The box goes on, or reload the page." };
const NO_AUDIO = { title: "No audio", detail: "The recording is not on this tablet any more.", hint: "The box goes on with it." };
