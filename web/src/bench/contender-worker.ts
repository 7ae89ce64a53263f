/** What the workers of the compared engines have in common: one question, one run. */

import type { Run, Task } from "./comparison";

export interface ContenderQuestion {
  task: Task;
  threads: number;
  /** Where the model is, below `/peers/models/`. */
  model: string;
}

export type ContenderReply = { run: Run } | { error: string };

/** Answer the page's question. */
export function answer(run: (question: ContenderQuestion) => Promise<Run>): void {
  addEventListener("message", ({ data }: MessageEvent<ContenderQuestion>) => {
    run(data).then(reply, (error: unknown) => reply({ error: String(error) }));
    function reply(done: Run | { error: string }): void {
      postMessage(("error" in done ? done : { run: done }) satisfies ContenderReply);
    }
  });
}

export async function fetchBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Takes the time of every token. */
export class Clock {
  readonly #began = performance.now();
  readonly #ticks: number[] = [];

  tick(): void {
    this.#ticks.push(performance.now());
  }

  /** Times of a run, in seconds. */
  times(): { first: number; tokens: number; rest: number } {
    const [first = Number.NaN, last = Number.NaN] = [this.#ticks[0], this.#ticks.at(-1)];
    return { first: (first - this.#began) / 1000, tokens: this.#ticks.length, rest: (last - first) / 1000 };
  }
}
