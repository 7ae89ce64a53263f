/** Waiting between attempts, longer each time, until something says it may work again. */

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

/** Milliseconds to wait after `failures` failed attempts in a row, 1 or more. */
export function delayAfter(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** A wait that `wake` ends early. */
export class Pause {
  #wake: (() => void) | null = null;

  /** Resolve after `milliseconds`, or at `wake`. Without a length it waits for `wake` alone. */
  wait(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(() => this.wake(), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  wake(): void {
    this.#wake?.();
  }
}
