/** The box's own rules in a worker of this tablet, which is started when it is needed and ended when it is not. */

import { DeviceEngine } from "../device/engine";
import type { Question } from "../device/messages";
import type { Check, Proposal, Turn } from "../types";

/** The worker holds some 30 MB. */
const IDLE_MS = 60_000;

/** Every question may fail with a RequestError: the worker cannot start, or refuses. */
export interface Rules {
  /** Check a note; `body` is what `POST /check` of the note service takes, in JSON. */
  check(body: string): Promise<Check>;
  /** Drugs that may have been said in turns, of which the first has the number `first`. */
  propose(turns: Turn[], first: number): Promise<Proposal[]>;
  /** Turns as they read with the accepted proposals. */
  correct(turns: Turn[], proposals: Proposal[]): Promise<Turn[]>;
}

export class RulesWorker implements Rules {
  #engine: DeviceEngine | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  check(body: string): Promise<Check> {
    return this.#ask({ ask: "check", body });
  }

  propose(turns: Turn[], first: number): Promise<Proposal[]> {
    return this.#ask({ ask: "propose", heard: JSON.stringify(turns), first });
  }

  correct(turns: Turn[], proposals: Proposal[]): Promise<Turn[]> {
    return this.#ask({ ask: "correct", heard: JSON.stringify(turns), proposals: JSON.stringify(proposals) });
  }

  async #ask<Answer>(question: Question): Promise<Answer> {
    clearTimeout(this.#timer);
    this.#engine ??= new DeviceEngine();
    const engine = this.#engine;
    this.#asked += 1;
    try {
      return (await engine.ask(question)) as Answer;
    } catch (error) {
      // It may have died; the next question starts another one.
      if (this.#engine === engine) this.#close();
      throw error;
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#timer = setTimeout(() => this.#close(), IDLE_MS);
    }
  }

  #close(): void {
    this.#engine?.close();
    this.#engine = null;
  }
}
