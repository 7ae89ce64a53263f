/** The note model's graph in WebAssembly. Keys and values stay where they are and calls append to them in place, as on the box. */

import { Call, FLOAT, FLOAT_BYTES, INT32, type Session, Wasm } from "./wasm";

const WEIGHTS_FILE = "model.onnx.data";
/** Inputs before the caches: ids, lengths, the longest length, positions. See `appliance.models.graph`. */
const FIXED_INPUTS = 4;

/** Keys and values of several sequences: for each layer's key and value one block, float32 `[rows, heads, capacity, size]`. */
interface Memory {
  rows: number;
  capacity: number;
  blocks: number[];
}

export class Graph {
  readonly #wasm: Wasm;
  readonly #session: Session;
  readonly #heads: number;
  readonly #headSize: number;
  readonly #memories = new Map<number, Memory>();
  #next = 1;
  readonly vocabulary: number;

  private constructor(wasm: Wasm, session: Session) {
    this.#wasm = wasm;
    this.#session = session;
    const [cache, logits] = [session.inputs[FIXED_INPUTS], session.outputs[0]];
    const [heads, headSize, vocabulary] = [cache?.dims[1], cache?.dims[3], logits?.dims[1]];
    if (!heads || !headSize || !vocabulary) throw new Error("The note model is not a graph of this version.");
    [this.#heads, this.#headSize, this.vocabulary] = [heads, headSize, vocabulary];
  }

  /**
   * Start the runtime and load a graph.
   *
   * @param folder Address of the runtime's files, ending in `/`.
   * @param threads Threads of one call; more than one needs a cross-origin isolated page.
   */
  static async load(folder: string, model: Uint8Array, weights: Uint8Array, threads: number): Promise<Graph> {
    const wasm = await Wasm.start(folder, threads);
    return new Graph(wasm, await wasm.load(model, { name: WEIGHTS_FILE, data: weights }));
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return this.#wasm.bytes;
  }

  allocate(rows: number, capacity: number): number {
    const bytes = rows * this.#rowBytes(capacity);
    const blocks = this.#session.inputs.slice(FIXED_INPUTS).map(() => {
      const block = this.#wasm.ort._malloc(bytes);
      if (!block) throw new RangeError("There is no memory left for keys and values.");
      this.#wasm.ort.HEAPU8.fill(0, block, block + bytes);
      return block;
    });
    this.#memories.set(this.#next, { rows, capacity, blocks });
    return this.#next++;
  }

  release(memory: number): void {
    for (const block of this.#memory(memory).blocks) this.#wasm.ort._free(block);
    this.#memories.delete(memory);
  }

  /** Copy the first `length` tokens of a row into another row. */
  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void {
    const from = this.#memory(source);
    const to = this.#memory(target);
    const [heads, headSize] = [this.#heads, this.#headSize];
    const bytes = length * headSize * FLOAT_BYTES;
    for (const [index, block] of from.blocks.entries()) {
      for (let head = 0; head < heads; head++) {
        const start = block + (sourceRow * heads + head) * from.capacity * headSize * FLOAT_BYTES;
        const end = (to.blocks[index] as number) + (targetRow * heads + head) * to.capacity * headSize * FLOAT_BYTES;
        this.#wasm.ort.HEAPU8.copyWithin(end, start, start + bytes);
      }
    }
  }

  /** See `appliance.device.engine.Bridge.run`. */
  run(number: number, first: number, lengths: number[], ids: number[]): Float32Array {
    const memory = this.#memory(number);
    const rows = lengths.length;
    const sequence = ids.length / rows;
    const totals = lengths.map((length) => length + sequence);
    const call = new Call(this.#wasm);
    try {
      const small = [
        call.integers(ids, [rows, sequence]),
        call.given(INT32, Int32Array.from(totals, (total) => total - 1), [rows]),
        call.given(INT32, Int32Array.of(Math.max(...totals)), []),
        call.integers(lengths.map((_, row) => (row + 1) * sequence - 1), [rows]),
      ];
      const bytes = this.#rowBytes(memory.capacity);
      const dims = [rows, this.#heads, memory.capacity, this.#headSize];
      const past = memory.blocks.map((block) => call.over(FLOAT, block + first * bytes, rows * bytes, dims));
      const [logits] = this.#wasm.run(this.#session, [...small, ...past], [0, ...past]) as [number];
      return this.#wasm.floats(call.owns(logits), rows * this.vocabulary);
    } finally {
      call.end();
    }
  }

  #memory(number: number): Memory {
    const memory = this.#memories.get(number);
    if (!memory) throw new RangeError(`There is no memory ${number}.`);
    return memory;
  }

  #rowBytes(capacity: number): number {
    return this.#heads * capacity * this.#headSize * FLOAT_BYTES;
  }
}
