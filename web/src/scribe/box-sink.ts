/** Keeps on the box what this tablet hears and writes of a visit, under a lease. */

import { type bring, RequestError } from "../api";
import type { Note, Turn } from "../types";
import { LostLeaseError, type Sink, type SpeechEvent, type Standing } from "./sink";

export type BoxRequests = Pick<typeof bring, "get" | "engine" | "heard" | "turns" | "written">;

export class BoxSink implements Sink {
  readonly #id: string;
  readonly #box: BoxRequests;
  readonly #uploaded: () => Promise<void>;
  #lease = 0;
  #corrections = -1;
  #turns: Turn[] = [];
  #known = { corrections: 0, turns: 0 };
  #after = 0;

  /**
   * @param uploaded Resolves when the box has the whole recording and knows that it is over.
   */
  constructor(id: string, box: BoxRequests, uploaded: () => Promise<void>) {
    this.#id = id;
    this.#box = box;
    this.#uploaded = uploaded;
  }

  async begin(): Promise<Standing> {
    const { lease, committed, earlier, turns, corrections } = await this.#box.engine(this.#id, "tablet");
    this.#lease = lease;
    this.#known = { corrections, turns };
    this.#corrections = -1;
    const { state, note_version: after } = await this.#box.get(this.#id);
    this.#after = after;
    return { committed, earlier, turns: await this.turns(), heard: state !== "recording" && state !== "transcribing" };
  }

  async heard(events: SpeechEvent[]): Promise<void> {
    if (events.some(({ name }) => name === "finished")) await this.#uploaded();
    try {
      this.#known = await this.#box.heard(this.#id, events, this.#lease);
    } catch (error) {
      if (error instanceof RequestError && (error.status === 409 || error.status === 404)) throw new LostLeaseError(error.message);
      throw error;
    }
  }

  async turns(): Promise<Turn[]> {
    const { corrections, turns } = this.#known;
    // A correction may be of any turn; else only the new ones are not known.
    const start = corrections === this.#corrections ? this.#turns.length : 0;
    if (start < turns || corrections !== this.#corrections) {
      this.#turns = [...this.#turns.slice(0, start), ...(await this.#box.turns(this.#id, start))];
      this.#corrections = corrections;
    }
    return this.#turns;
  }

  async written(note: Note): Promise<void> {
    await this.#box.written(this.#id, { note, after: this.#after, turns: this.#turns.length, author: "model" });
  }

  async end(): Promise<void> {
    await this.#box.engine(this.#id, "box");
  }
}
