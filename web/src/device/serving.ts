/** What the workers of this tablet's engines have in common: they answer one question at a time, in order, and work in between. */

import type { Asked, Reply } from "./messages";
import { toProblem } from "./problem";
import type { Python } from "./python";

let queue: Promise<void> = Promise.resolve();

/**
 * Answer the page's questions.
 *
 * @param respond The answer to a question.
 * @param python Where it may have failed; null before it runs.
 */
export function serve<Question>(respond: (question: Question) => Promise<unknown>, python: () => Python | null): void {
  addEventListener("message", ({ data: { id, question } }: MessageEvent<Asked<Question>>) => {
    queue = queue.then(async () => {
      try {
        tell({ kind: "answer", id, value: await respond(question) });
      } catch (error) {
        const raised = python()?.problem(error);
        tell({ kind: "problem", id, problem: raised ? JSON.parse(raised) : toProblem(error) });
      }
    });
  });
}

export function tell<Event>(reply: Reply<Event>): void {
  postMessage(reply);
}

/** Work in small steps, between which questions are answered. */
export class Steps {
  readonly #step: () => boolean;
  #running = false;

  /** @param step Does a little; returns whether there may be more to do. */
  constructor(step: () => boolean) {
    this.#step = step;
  }

  /** Work for as long as there is something to do. */
  go(): void {
    if (this.#running) return;
    this.#running = true;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      queue = queue.then(() => {
        if (this.#step()) return port2.postMessage(null);
        this.#running = false;
        port1.close();
      });
    };
    port2.postMessage(null);
  }
}
