/** By how much the box's transcript is behind what is recorded. */

/** A box that catches up is not slow: it must be behind for so long. */
const WINDOW_MS = 15_000;

export class Lag {
  readonly #now: () => number;
  #heard: { at: number; seconds: number }[] = [];

  /** @param now Milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The transcript has grown, and is so many seconds behind. */
  hear(seconds: number): void {
    const at = this.#now();
    this.#heard.push({ at, seconds });
    // The last one before the window says how it stood when the window began.
    while ((this.#heard[1]?.at ?? at) <= at - WINDOW_MS) this.#heard.shift();
  }

  /** The least of the window; null while that is not full. */
  get least(): number | null {
    const [first] = this.#heard;
    if (!first || first.at > this.#now() - WINDOW_MS) return null;
    return Math.min(...this.#heard.map(({ seconds }) => seconds));
  }

  forget(): void {
    this.#heard = [];
  }
}
