/** Tells the box, as soon as it can be reached, whether a recording is paused. */

import * as api from "../api";
import { delayAfter, Pause } from "../upload/backoff";

export class PausedFlag {
  readonly #encounter: string;
  readonly #pause = new Pause();
  #told: boolean;
  #wanted: boolean;
  #telling = false;
  #stopped = false;

  /** @param told What the box believes now. */
  constructor(encounter: string, told: boolean) {
    this.#encounter = encounter;
    this.#told = told;
    this.#wanted = told;
  }

  set(paused: boolean): void {
    this.#wanted = paused;
    if (!this.#telling) void this.#tell();
  }

  stop(): void {
    this.#stopped = true;
    this.#pause.wake();
  }

  async #tell(): Promise<void> {
    this.#telling = true;
    for (let failures = 0; this.#told !== this.#wanted && !this.#stopped; ) {
      const paused = this.#wanted;
      try {
        await api.changeEncounter(this.#encounter, { paused });
        this.#told = paused;
        failures = 0;
      } catch (error) {
        if (!(error instanceof api.RequestError) || !error.temporary) break;
        failures += 1;
        await this.#pause.wait(delayAfter(failures));
      }
    }
    this.#telling = false;
  }
}
