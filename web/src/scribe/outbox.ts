/** Sends what is heard to a sink in order, again and again until it is kept. */

import { RequestError } from "../api";
import { delayAfter, Pause } from "../upload/backoff";
import type { Sink, SpeechEvent } from "./sink";

/** Longest silence towards the sink: a lease of the box lasts three times as long. */
const SILENCE_MS = 10_000;

export class Outbox {
  readonly #sink: Pick<Sink, "heard">;
  readonly #pause = new Pause();
  #waiting: SpeechEvent[] = [];
  #sending = false;
  #closed = false;
  #flushed: (() => void)[] = [];
  /** Called with what the sink has kept. */
  onKept: (events: SpeechEvent[]) => void = () => {};

  constructor(sink: Pick<Sink, "heard">) {
    this.#sink = sink;
  }

  add(events: SpeechEvent[]): void {
    // Of what is being said right now only the last word counts.
    const last = events.findLast(({ name }) => name === "partial");
    const fresh = events.filter((event) => event.name !== "partial" || event === last);
    this.#waiting = [...this.#waiting.filter(({ name }) => name !== "partial" || !last), ...fresh];
    this.#pause.wake();
  }

  /** Send until `close`. @throws LostLeaseError, RequestError The sink will not have it. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      if (this.#waiting.length === 0) await this.#rest();
      if (this.#closed) return;
      const events = this.#waiting;
      this.#waiting = [];
      this.#sending = true;
      try {
        await this.#sink.heard(events);
        failures = 0;
        this.onKept(events);
      } catch (error) {
        if (!(error instanceof RequestError) || !error.temporary) throw error;
        failures += 1;
        this.#waiting = [...events, ...this.#waiting];
        await this.#pause.wait(delayAfter(failures));
      } finally {
        this.#sending = false;
      }
    }
  }

  /** Resolves when everything is kept that was added before, at most after `milliseconds`. */
  async flush(milliseconds: number): Promise<void> {
    if (this.#waiting.length === 0 && !this.#sending) return;
    const kept = new Promise<void>((resolve) => this.#flushed.push(resolve));
    await Promise.race([kept, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
  }

  close(): void {
    this.#closed = true;
    this.#pause.wake();
  }

  async #rest(): Promise<void> {
    for (const resolve of this.#flushed.splice(0)) resolve();
    await this.#pause.wait(SILENCE_MS);
  }
}
