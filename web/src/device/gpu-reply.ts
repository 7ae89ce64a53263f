/**
 * An answer in shared memory, so that a worker can wait for another one: Python's loop needs calls that return, and the GPU's
 * calls are promises.
 */

import { DeviceError, toProblem } from "./problem";

const [STATE, BYTES, BEATS, HEADER] = [0, 1, 2, 16];
const [WAITING, DONE, FAILED] = [0, 1, 2];
/** Room for a problem document. */
const LEAST_BYTES = 8192;
const BEAT_MS = 1000;
/** Without a beat for so long, nobody is there any more. */
const SILENCE_MS = 60_000;

/** The waiting end. */
export class ReplyBox {
  #memory = new SharedArrayBuffer(HEADER + LEAST_BYTES);

  /** Memory for an answer of so many bytes, to be sent along with the question. */
  open(bytes: number): SharedArrayBuffer {
    if (this.#memory.byteLength < HEADER + bytes) this.#memory = new SharedArrayBuffer(HEADER + bytes);
    new Int32Array(this.#memory, 0, HEADER / 4).fill(0);
    return this.#memory;
  }

  /**
   * Wait for the answer.
   *
   * @throws DeviceError What the other end could not do, or it is silent.
   */
  wait(): ArrayBuffer {
    const head = new Int32Array(this.#memory, 0, HEADER / 4);
    while (Atomics.load(head, STATE) === WAITING) {
      const beats = Atomics.load(head, BEATS);
      Atomics.wait(head, STATE, WAITING, SILENCE_MS);
      if (Atomics.load(head, STATE) === WAITING && Atomics.load(head, BEATS) === beats) throw silent();
    }
    const data = new Uint8Array(this.#memory, HEADER, head[BYTES]).slice().buffer;
    if (head[STATE] === DONE) return data;
    const { detail, hint } = JSON.parse(new TextDecoder().decode(data)) as { detail: string; hint: string };
    throw new DeviceError(detail, hint);
  }
}

/** The answering end: shows signs of life while the work goes on, then answers. */
export async function reply(memory: SharedArrayBuffer, work: () => Promise<Float32Array>): Promise<void> {
  const head = new Int32Array(memory, 0, HEADER / 4);
  const beat = setInterval(() => Atomics.add(head, BEATS, 1), BEAT_MS);
  let state = DONE;
  let data: Uint8Array;
  try {
    const { buffer, byteOffset, byteLength } = await work();
    data = new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    state = FAILED;
    data = new TextEncoder().encode(JSON.stringify(toProblem(error)));
  } finally {
    clearInterval(beat);
  }
  new Uint8Array(memory, HEADER).set(data);
  head[BYTES] = data.byteLength;
  Atomics.store(head, STATE, state);
  Atomics.notify(head, STATE);
}

function silent(): DeviceError {
  return new DeviceError("The GPU of this tablet does not answer any more.", "Load the models again without the GPU, or use the box.");
}
