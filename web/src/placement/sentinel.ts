/**
 * Remembers what a page was doing when it died. Browsers end pages that take too much memory without a word, and some GPUs take
 * the browser along: what killed this page once is not tried again by itself.
 */

/** The part of `localStorage` that is needed. */
export type Memory = Pick<Storage, "getItem" | "setItem" | "removeItem">;

interface Mark {
  /** Of the page: another one may do better. */
  version: string;
  /** RFC 3339. */
  since: string;
}

const KEY = "chartside-died";

export class Sentinel {
  readonly #memory: Memory;
  readonly #version: string;
  readonly #running = new Set<string>();

  /** @param version Changes with every build of the page. */
  constructor(memory: Memory, version: string) {
    this.#memory = memory;
    this.#version = version;
  }

  /** Do something that may end the page. */
  async guard<Result>(step: string, work: () => Promise<Result>): Promise<Result> {
    this.#running.add(step);
    this.#write({ ...this.#read(), [step]: { version: this.#version, since: new Date().toISOString() } });
    try {
      return await work();
    } finally {
      this.#running.delete(step);
      this.forgive(step);
    }
  }

  /** When a page of this version died in a step, RFC 3339; null if none did. */
  died(step: string): string | null {
    const mark = this.#read()[step];
    return mark && mark.version === this.#version && !this.#running.has(step) ? mark.since : null;
  }

  /** Try a step again. */
  forgive(step: string): void {
    const { [step]: _, ...rest } = this.#read();
    this.#write(rest);
  }

  /** The page is left in an orderly way: nothing that runs has killed it. */
  leave(): void {
    for (const step of this.#running) this.forgive(step);
  }

  #read(): Record<string, Mark> {
    try {
      return JSON.parse(this.#memory.getItem(KEY) ?? "{}") as Record<string, Mark>;
    } catch {
      return {};
    }
  }

  #write(marks: Record<string, Mark>): void {
    if (Object.keys(marks).length > 0) this.#memory.setItem(KEY, JSON.stringify(marks));
    else this.#memory.removeItem(KEY);
  }
}
