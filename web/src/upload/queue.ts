/** Sends an encounter's chunks to the box in order, again and again until each is acknowledged. */

import { signal } from "@preact/signals";

import type * as api from "../api";
import { explain, RequestError } from "../api";
import { delayAfter, Pause } from "./backoff";
import type { ChunkStore } from "./chunk-store";

/** The requests the queue needs. */
export type UploadApi = Pick<typeof api, "putChunk" | "finishEncounter" | "getEncounter">;

export interface UploadState {
  /** Chunks that wait on the tablet. */
  waiting: number;
  /** The last attempt reached the box. */
  connected: boolean;
  /** What the box said last, when it could not take a chunk yet; null when all is well. */
  trouble: string | null;
  /** `sending` until the recording ends, then `finished` once the box knows, or why it never will. */
  outcome: "sending" | "finished" | "conflict" | "deleted" | "refused" | "stopped";
}

const START: UploadState = { waiting: 0, connected: true, trouble: null, outcome: "sending" };

/** How often it is asked whether a finished recording is heard to its end. */
const ASK_MS = 3_000;

export class UploadQueue {
  readonly encounter: string;
  readonly state = signal<UploadState>(START);
  readonly #store: ChunkStore;
  readonly #api: UploadApi;
  readonly #pause = new Pause();
  #failures = 0;
  #news = false;
  #stopped = false;

  constructor(encounter: string, store: ChunkStore, requests: UploadApi) {
    this.encounter = encounter;
    this.#store = store;
    this.#api = requests;
  }

  /** Send until the finished recording is complete on the box and heard, the encounter is gone, or `stop`. */
  async run(): Promise<UploadState["outcome"]> {
    while (!this.#stopped) {
      this.#news = false;
      try {
        if (!(await this.#sendNext())) {
          if (this.state.value.outcome !== "sending") break;
          // What came while the store was asked must not be slept over.
          if (!this.#news) await this.#pause.wait();
        }
      } catch (error) {
        if (!(await this.#survive(error))) break;
      }
    }
    if (this.#stopped && this.state.value.outcome !== "finished") this.#report({ outcome: "stopped" });
    return this.state.value.outcome;
  }

  /** There is a new chunk, the recording was finished, or the network may be back: do not wait any longer. */
  wake(): void {
    this.#news = true;
    // A new chunk does not make a dead network better; it would only turn the backoff into two attempts a second.
    if (this.#failures === 0) this.#pause.wake();
    void this.#count();
  }

  /** The network is back: try at once. */
  retryNow(): void {
    this.#failures = 0;
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#news = true;
    this.#pause.wake();
  }

  /** One step; false when there is nothing to do now. */
  async #sendNext(): Promise<boolean> {
    const [first] = await this.#count();
    if (first === undefined) return this.#finishIfEnded();
    await this.#send(first);
    return true;
  }

  async #send(n: number): Promise<void> {
    const samples = await this.#store.chunk(this.encounter, n);
    if (!samples) return;
    // Chunks go lowest number first, so whatever the receipt calls `missing` and the tablet still has is sent next.
    const { committed } = await this.#api.putChunk(this.encounter, n, samples);
    await this.#store.acknowledge(this.encounter, n);
    await this.#store.release(this.encounter, committed);
    this.#reached();
  }

  async #finishIfEnded(): Promise<boolean> {
    const recording = await this.#store.get(this.encounter);
    if (!recording?.finished) return false;
    try {
      await this.#api.finishEncounter(this.encounter, recording.next);
    } catch (error) {
      if (!(await this.#alreadyFinished(error))) throw error;
    }
    this.#reached();
    this.#report({ outcome: "finished" });
    await this.#keepWhileNeeded();
    return false;
  }

  /** Keep what is not heard yet, should this tablet have to hear it, until everything is. */
  async #keepWhileNeeded(): Promise<void> {
    while (!this.#stopped) {
      try {
        const { state } = await this.#api.getEncounter(this.encounter);
        if (state !== "recording" && state !== "transcribing") break;
      } catch (error) {
        if (error instanceof RequestError && error.status === 404) break;
      }
      await this.#pause.wait(ASK_MS);
    }
    if (!this.#stopped) await this.#store.forget(this.encounter);
  }

  /** A finish that was answered with a conflict counts when the box is past recording: the first answer was lost. */
  async #alreadyFinished(error: unknown): Promise<boolean> {
    if (!(error instanceof RequestError) || error.status !== 409) return false;
    return (await this.#api.getEncounter(this.encounter)).state !== "recording";
  }

  /** Handle a failed attempt; false when there is no point in another one. */
  async #survive(error: unknown): Promise<boolean> {
    const refused = error instanceof RequestError && !error.temporary;
    if (!refused) {
      // The network, the box, or the tablet's own storage: none of them is a reason to give the audio up.
      this.#failures += 1;
      this.#report({ connected: !(error instanceof RequestError && error.status === 0), trouble: explain(error) });
      await this.#pause.wait(delayAfter(this.#failures));
      return !this.#stopped;
    }
    if (error.status === 404) {
      await this.#store.forget(this.encounter);
      this.#report({ outcome: "deleted", waiting: 0 });
    } else {
      this.#report({ outcome: error.status === 409 ? "conflict" : "refused", trouble: explain(error) });
    }
    return false;
  }

  #reached(): void {
    this.#failures = 0;
    this.#report({ connected: true, trouble: null });
  }

  async #count(): Promise<number[]> {
    const pending = await this.#store.pending(this.encounter);
    this.#report({ waiting: pending.length });
    return pending;
  }

  #report(change: Partial<UploadState>): void {
    this.state.value = { ...this.state.value, ...change };
  }
}
