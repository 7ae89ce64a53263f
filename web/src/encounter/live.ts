/** Keeps a `VisitState` up to date from the encounter's event stream. */

import { signal } from "@preact/signals";

import { getCheck, getEncounter, goOnHere, onMoved, openEvents, RequestError } from "../api";
import type { EventStream } from "../offline/local-stream";
import { delayAfter } from "../upload/backoff";
import type { EncounterEventName, EncounterEvents } from "../types";
import { type EncounterEvent, reduce, START, type VisitState, withChecked, withDetails } from "./state";

/** `EventSource.CLOSED`. */
const STREAM_CLOSED = 2;

const NAMES: EncounterEventName[] = [
  "snapshot", "state", "partial", "turn", "proposal", "gap", "progress", "section_text", "section", "note", "check",
  "signature", "addendum", "service", "deleted",
];

export class LiveEncounter {
  readonly id: string;
  readonly state = signal<VisitState>(START);
  /** The stream is open. Until the first answer it counts as open: no alarm while the page loads. */
  readonly connected = signal(true);
  #source: EventStream | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #unmoved: () => void = () => undefined;
  readonly #reconnect = () => this.#connect();

  constructor(id: string) {
    this.id = id;
  }

  open(): void {
    this.#connect();
    this.#unmoved = onMoved(this.id, this.#reconnect);
    this.#lookHere();
    addEventListener("online", this.#reconnect);
    document.addEventListener("visibilitychange", this.#onVisible);
  }

  close(): void {
    this.#unmoved();
    removeEventListener("online", this.#reconnect);
    document.removeEventListener("visibilitychange", this.#onVisible);
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  apply(event: EncounterEvent): void {
    this.state.value = reduce(this.state.value, event);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = openEvents(this.id);
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.connected.value = true;
    };
    source.onerror = () => this.#onError(source);
    for (const name of NAMES) {
      source.addEventListener(name, (message: MessageEvent<string>) => {
        this.#receive({ name, data: JSON.parse(message.data) as EncounterEvents[typeof name] } as EncounterEvent);
      });
    }
  }

  #receive(event: EncounterEvent): void {
    this.apply(event);
    if (event.name === "deleted") this.close();
    // What went wrong, and which section is written again, stands only in the whole encounter; the check beside it.
    if (event.name === "state") void this.#fetchDetails();
    if (event.name === "snapshot" && event.data.note) void this.#fetchCheck();
  }

  async #fetchDetails(): Promise<void> {
    try {
      const details = await getEncounter(this.id);
      // What was true before the next event is of no use after it.
      if (details.state === this.state.value.encounter?.state) this.state.value = withDetails(this.state.value, details);
    } catch {
      // The stream's next snapshot tells it too.
    }
  }

  async #fetchCheck(): Promise<void> {
    try {
      const known = this.state.value.checked;
      const checked = await getCheck(this.id);
      // An event may have told more meanwhile.
      if (this.state.value.checked === known || checked.check) this.state.value = withChecked(this.state.value, checked);
    } catch {
      // The event of the next check tells it too.
    }
  }

  /** The browser resumes a broken stream by itself; one that was refused it gives up, and we must ask again. */
  #onError(source: EventStream): void {
    this.connected.value = false;
    if (!this.state.value.encounter) this.#lookHere();
    if (source.readyState !== STREAM_CLOSED) return;
    this.#failures += 1;
    this.#timer = setTimeout(this.#reconnect, delayAfter(this.#failures));
    void this.#lookForEncounter();
  }

  /** Nothing is shown yet: the box may be away, and this tablet may know the visit. */
  #lookHere(): void {
    void goOnHere(this.id).catch(() => undefined);
  }

  async #lookForEncounter(): Promise<void> {
    try {
      await getEncounter(this.id);
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) {
        this.apply({ name: "deleted", data: null });
        this.close();
      }
    }
  }

  /** A tablet that slept may hold a stream that is dead without knowing it. */
  readonly #onVisible = (): void => {
    if (document.visibilityState === "visible") this.#connect();
  };
}
