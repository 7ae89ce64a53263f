/** An event stream of a visit on this tablet, as `EventSource` would give it. */

import type { EncounterEvent } from "../encounter/state";
import type { Encounter } from "../types";
import type { LocalVisits } from "./local-visits";

/** What the page uses of an `EventSource`. */
export interface EventStream {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(name: string, listener: (message: MessageEvent<string>) => void): void;
  close(): void;
}

const OPEN = 1;
const CLOSED = 2;

export class LocalStream implements EventStream {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #target = new EventTarget();
  readonly #stop: () => void;

  /** @param read The visit as it is now; null if it is not here. */
  constructor(id: string, visits: LocalVisits, read: () => Promise<Encounter | null>) {
    const early: EncounterEvent[] = [];
    this.#stop = visits.listen((told) => {
      if (told.id !== id) return;
      if (this.readyState === OPEN) told.events.forEach((event) => this.#send(event));
      else early.push(...told.events);
    });
    void read().then((encounter) => {
      if (this.readyState === CLOSED) return;
      if (!encounter) return this.#fail();
      this.readyState = OPEN;
      this.onopen?.(new Event("open"));
      // What came while the visit was read may be in it: events that come twice change nothing.
      for (const event of [{ name: "snapshot" as const, data: encounter }, ...early]) this.#send(event);
    });
  }

  addEventListener(name: string, listener: (message: MessageEvent<string>) => void): void {
    this.#target.addEventListener(name, listener as EventListener);
  }

  close(): void {
    this.readyState = CLOSED;
    this.#stop();
  }

  #send({ name, data }: EncounterEvent): void {
    if (this.readyState === OPEN) this.#target.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  /** The visit went to the box meanwhile: whoever follows it looks there. */
  #fail(): void {
    if (this.readyState === CLOSED) return;
    this.close();
    this.onerror?.(new Event("error"));
  }
}
