/**
 * The note model's graph on ONNX Runtime's WebAssembly build, called without its JavaScript layer.
 *
 * That layer copies every key and value into WebAssembly memory and out again on every call, and every call is a promise. Here
 * keys and values stay where they are and calls append to them in place, as on the box, and a call returns when it is done, so
 * that the box's decode loop runs over it unchanged.
 */

import type { Ort, OrtFactory } from "./ort";

/** ONNX element types. */
const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const FLOAT_BYTES = 4;
const CPU = 1;
const ALL_OPTIMIZATIONS = 99;
const ERRORS_ONLY = 3;
const WEIGHTS_FILE = "model.onnx.data";

/** Keys and values of several sequences: for each layer's key and value one block, float32 `[rows, heads, capacity, size]`. */
interface Memory {
  rows: number;
  capacity: number;
  blocks: number[];
}

interface Shape {
  inputs: number[];
  outputs: number[];
  heads: number;
  headSize: number;
  vocabulary: number;
}

export class Graph {
  readonly #ort: Ort;
  readonly #session: number;
  readonly #shape: Shape;
  readonly #memories = new Map<number, Memory>();
  #next = 1;

  private constructor(ort: Ort, session: number, shape: Shape) {
    this.#ort = ort;
    this.#session = session;
    this.#shape = shape;
  }

  /**
   * Start the runtime and load a graph.
   *
   * @param folder Address of the runtime's files, ending in `/`.
   * @param threads Threads of one call; more than one needs a cross-origin isolated page.
   */
  static async load(folder: string, model: Uint8Array, weights: Uint8Array, threads: number): Promise<Graph> {
    const { default: start } = (await import(/* @vite-ignore */ `${folder}ort-wasm-simd-threaded.mjs`)) as { default: OrtFactory };
    const ort = await start({ numThreads: threads, locateFile: (name) => folder + name });
    expect(ort, ort._OrtInit(threads, ERRORS_ONLY) === 0, "start");
    const options = ort._OrtCreateSessionOptions(ALL_OPTIMIZATIONS, true, true, 0, false, 0, 0, ERRORS_ONLY, 0, 0);
    const copy = place(ort, model);
    ort.mountExternalData(WEIGHTS_FILE, weights);
    try {
      const session = await ort._OrtCreateSession(copy, model.byteLength, options);
      expect(ort, session !== 0, "load the model");
      return new Graph(ort, session, describe(ort, session));
    } finally {
      ort.unmountExternalData();
      ort._free(copy);
      ort._OrtReleaseSessionOptions(options);
    }
  }

  get vocabulary(): number {
    return this.#shape.vocabulary;
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return this.#ort.HEAPU8.byteLength;
  }

  allocate(rows: number, capacity: number): number {
    const bytes = rows * this.#rowBytes(capacity);
    const blocks = this.#shape.inputs.slice(FIXED_INPUTS).map(() => {
      const block = this.#ort._malloc(bytes);
      if (!block) throw new RangeError("There is no memory left for keys and values.");
      this.#ort.HEAPU8.fill(0, block, block + bytes);
      return block;
    });
    this.#memories.set(this.#next, { rows, capacity, blocks });
    return this.#next++;
  }

  release(memory: number): void {
    for (const block of this.#memory(memory).blocks) this.#ort._free(block);
    this.#memories.delete(memory);
  }

  /** Copy the first `length` tokens of a row into another row. */
  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void {
    const from = this.#memory(source);
    const to = this.#memory(target);
    const { heads, headSize } = this.#shape;
    const bytes = length * headSize * FLOAT_BYTES;
    for (const [index, block] of from.blocks.entries()) {
      for (let head = 0; head < heads; head++) {
        const start = block + (sourceRow * heads + head) * from.capacity * headSize * FLOAT_BYTES;
        const end = (to.blocks[index] as number) + (targetRow * heads + head) * to.capacity * headSize * FLOAT_BYTES;
        this.#ort.HEAPU8.copyWithin(end, start, start + bytes);
      }
    }
  }

  /** See `appliance.device.engine.Bridge.run`. */
  run(number: number, first: number, lengths: number[], ids: number[]): Float32Array {
    const ort = this.#ort;
    const memory = this.#memory(number);
    const { inputs, outputs, heads, headSize, vocabulary } = this.#shape;
    const rows = lengths.length;
    const sequence = ids.length / rows;
    const totals = lengths.map((length) => length + sequence);
    const placed: number[] = [];
    const tensors: number[] = [];
    const tensor = (type: number, data: number, bytes: number, dims: number[]): number => {
      const stack = ort.stackSave();
      const handle = ort._OrtCreateTensor(type, data, bytes, list(ort, dims, "i32"), dims.length, CPU);
      ort.stackRestore(stack);
      expect(ort, handle !== 0, "make a tensor");
      tensors.push(handle);
      return handle;
    };
    const given = (type: number, data: BigInt64Array | Int32Array, dims: number[]): number => {
      const pointer = place(ort, new Uint8Array(data.buffer));
      placed.push(pointer);
      return tensor(type, pointer, data.byteLength, dims);
    };
    const stack = ort.stackSave();
    try {
      const small = [
        given(INT64, BigInt64Array.from(ids, BigInt), [rows, sequence]),
        given(INT32, Int32Array.from(totals, (total) => total - 1), [rows]),
        given(INT32, Int32Array.of(Math.max(...totals)), []),
        given(INT64, BigInt64Array.from(lengths, (_, row) => BigInt((row + 1) * sequence - 1)), [rows]),
      ];
      const bytes = this.#rowBytes(memory.capacity);
      const dims = [rows, heads, memory.capacity, headSize];
      const past = memory.blocks.map((block) => tensor(FLOAT, block + first * bytes, rows * bytes, dims));
      const results = list(ort, [0, ...past], "*");
      const code = ort._OrtRun(
        this.#session, list(ort, inputs, "*"), list(ort, [...small, ...past], "*"), inputs.length,
        list(ort, outputs, "*"), outputs.length, results, 0,
      );
      expect(ort, code === 0, "run the model");
      const logits = ort.getValue(results, "*");
      tensors.push(logits);
      const found = ort.stackAlloc(16);
      expect(ort, ort._OrtGetTensorData(logits, found, found + 4, found + 8, found + 12) === 0, "read the result");
      ort._OrtFree(ort.getValue(found + 8, "*"));
      return new Float32Array(ort.HEAPU8.buffer, ort.getValue(found + 4, "*"), rows * vocabulary).slice();
    } finally {
      for (const handle of tensors) ort._OrtReleaseTensor(handle);
      for (const pointer of placed) ort._free(pointer);
      ort.stackRestore(stack);
    }
  }

  #memory(number: number): Memory {
    const memory = this.#memories.get(number);
    if (!memory) throw new RangeError(`There is no memory ${number}.`);
    return memory;
  }

  #rowBytes(capacity: number): number {
    return this.#shape.heads * capacity * this.#shape.headSize * FLOAT_BYTES;
  }
}

/** Inputs before the caches: ids, lengths, the longest length, positions. See `appliance.models.graph`. */
const FIXED_INPUTS = 4;

/** Names of inputs and outputs as pointers, and the sizes that the caches and the logits have. */
function describe(ort: Ort, session: number): Shape {
  const stack = ort.stackSave();
  const counts = ort.stackAlloc(8);
  expect(ort, ort._OrtGetInputOutputCount(session, counts, counts + 4) === 0, "describe the model");
  const [inputCount, outputCount] = [ort.getValue(counts, "i32"), ort.getValue(counts + 4, "i32")];
  const read = Array.from({ length: inputCount + outputCount }, (_, index) => {
    const found = ort.stackAlloc(8);
    expect(ort, ort._OrtGetInputOutputMetadata(session, index, found, found + 4) === 0, "describe the model");
    const metadata = ort.getValue(found + 4, "*");
    const rank = ort.getValue(metadata + 4, "i32");
    // A dimension is a name, or where that is null, a number.
    const dims = Array.from({ length: rank }, (_, axis) => ort.getValue(metadata + 8 + (axis + rank) * 4, "i32"));
    ort._OrtFree(metadata);
    return { name: ort.getValue(found, "*"), dims };
  });
  ort.stackRestore(stack);
  const [cache, logits] = [read[FIXED_INPUTS], read[inputCount]];
  const [heads, headSize, vocabulary] = [cache?.dims[1], cache?.dims[3], logits?.dims[1]];
  if (!heads || !headSize || !vocabulary) throw new Error("The note model is not a graph of this version.");
  const names = read.map(({ name }) => name);
  return { inputs: names.slice(0, inputCount), outputs: names.slice(inputCount), heads, headSize, vocabulary };
}

/** Copy bytes into memory of their own. */
function place(ort: Ort, data: Uint8Array): number {
  const pointer = ort._malloc(data.byteLength);
  if (!pointer) throw new RangeError("There is no memory left for the note model.");
  ort.HEAPU8.set(data, pointer);
  return pointer;
}

/** Put 32-bit values on the stack, one after another. */
function list(ort: Ort, values: number[], type: "i32" | "*"): number {
  const pointer = ort.stackAlloc(4 * Math.max(1, values.length));
  for (const [index, value] of values.entries()) ort.setValue(pointer + 4 * index, value, type);
  return pointer;
}

function expect(ort: Ort, holds: boolean, what: string): void {
  if (holds) return;
  const stack = ort.stackSave();
  const found = ort.stackAlloc(8);
  ort._OrtGetLastError(found, found + 4);
  const message = ort.getValue(found + 4, "*");
  const reason = message ? ort.UTF8ToString(message) : "no reason given";
  ort.stackRestore(stack);
  throw new Error(`ONNX Runtime could not ${what}: ${reason}.`);
}
