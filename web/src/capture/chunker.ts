/** Cuts a stream of float samples into chunks of PCM16 that all have the same length. */

export class Chunker {
  readonly #length: number;
  #buffer: Int16Array<ArrayBuffer>;
  #filled = 0;

  /** @param length Samples in every chunk but the last. */
  constructor(length: number) {
    this.#length = length;
    this.#buffer = new Int16Array(length);
  }

  /** Samples of the chunk that is not full yet. */
  get pending(): number {
    return this.#filled;
  }

  /** Add samples in -1.0 to 1.0 and take the chunks they filled, oldest first. */
  push(samples: Float32Array): Int16Array<ArrayBuffer>[] {
    const full: Int16Array<ArrayBuffer>[] = [];
    for (const sample of samples) {
      this.#buffer[this.#filled++] = toPcm16(sample);
      if (this.#filled === this.#length) {
        full.push(this.#buffer);
        this.#buffer = new Int16Array(this.#length);
        this.#filled = 0;
      }
    }
    return full;
  }

  /** Take the last, short chunk; null when there is nothing left over. */
  flush(): Int16Array<ArrayBuffer> | null {
    if (this.#filled === 0) return null;
    const rest = this.#buffer.slice(0, this.#filled);
    this.#filled = 0;
    return rest;
  }
}

/** One sample as PCM16; over-driven samples are clipped. */
export function toPcm16(sample: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
}
