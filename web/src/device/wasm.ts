/**
 * ONNX Runtime's WebAssembly build, called without its JavaScript layer.
 *
 * That layer copies every value into WebAssembly memory and out again on every call, and every call is a promise. Here values
 * stay where they are, and a call returns when it is done, so that the box's Python runs over it unchanged.
 */

import type { Ort, OrtFactory } from "./ort";

/** ONNX element types. */
export const FLOAT = 1;
export const INT16 = 5;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT_BYTES = 4;
const CPU = 1;
const ALL_OPTIMIZATIONS = 99;
const ERRORS_ONLY = 3;
/** Makes the runtime compute `DequantizeLinear` of constants once, when it loads a graph. See `appliance.models.unpacked`. */
const UNPACK_CONSTANTS = ["session.disable_quant_qdq", "1"] as const;

/** An input or an output of a graph. */
export interface Value {
  name: string;
  /** The name in WebAssembly memory. */
  pointer: number;
  /** A dimension with a name is 0. */
  dims: number[];
}

/** A loaded graph. */
export interface Session {
  handle: number;
  inputs: Value[];
  outputs: Value[];
}

/** Large constants that are kept beside a graph. */
export interface Weights {
  /** As the graph calls the file. */
  name: string;
  data: Uint8Array;
}

export class Wasm {
  readonly ort: Ort;

  private constructor(ort: Ort) {
    this.ort = ort;
  }

  /**
   * @param folder Address of the runtime's files, ending in `/`.
   * @param threads Threads of one call; more than one needs a cross-origin isolated page.
   */
  static async start(folder: string, threads: number): Promise<Wasm> {
    const { default: start } = (await import(/* @vite-ignore */ `${folder}ort-wasm-simd-threaded.mjs`)) as { default: OrtFactory };
    const wasm = new Wasm(await start({ numThreads: threads, locateFile: (name) => folder + name }));
    wasm.expect(wasm.ort._OrtInit(threads, ERRORS_ONLY) === 0, "start");
    return wasm;
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return this.ort.HEAPU8.byteLength;
  }

  async load(model: Uint8Array, weights: Weights | null = null): Promise<Session> {
    const { ort } = this;
    const options = ort._OrtCreateSessionOptions(ALL_OPTIMIZATIONS, true, true, 0, false, 0, 0, ERRORS_ONLY, 0, 0);
    const [key, value] = UNPACK_CONSTANTS.map((text) => this.place(new TextEncoder().encode(`${text}\0`))) as [number, number];
    const set = ort._OrtAddSessionConfigEntry(options, key, value);
    for (const text of [key, value]) ort._free(text);
    this.expect(set === 0, "take an option");
    const copy = this.place(model);
    if (weights) ort.mountExternalData(weights.name, weights.data);
    try {
      const handle = await ort._OrtCreateSession(copy, model.byteLength, options);
      this.expect(handle !== 0, "load the model");
      return this.#describe(handle);
    } finally {
      if (weights) ort.unmountExternalData();
      ort._free(copy);
      ort._OrtReleaseSessionOptions(options);
    }
  }

  /**
   * Run a graph.
   *
   * @param inputs Tensors in the graph's order.
   * @param outputs Tensors for the results in the graph's order; where one is 0 or missing, a new one is made.
   * @returns The results, of which the new ones have to be released.
   */
  run(session: Session, inputs: number[], outputs: number[] = []): number[] {
    const { ort } = this;
    const stack = ort.stackSave();
    try {
      const names = (values: Value[]): number => this.list(values.map(({ pointer }) => pointer), "*");
      const results = this.list(session.outputs.map((_, index) => outputs[index] ?? 0), "*");
      const code = ort._OrtRun(
        session.handle, names(session.inputs), this.list(inputs, "*"), inputs.length,
        names(session.outputs), session.outputs.length, results, 0,
      );
      this.expect(code === 0, "run the model");
      return session.outputs.map((_, index) => ort.getValue(results + 4 * index, "*"));
    } finally {
      ort.stackRestore(stack);
    }
  }

  /** A tensor over memory that stays somebody else's. */
  tensor(type: number, pointer: number, bytes: number, dims: number[]): number {
    const { ort } = this;
    const stack = ort.stackSave();
    const tensor = ort._OrtCreateTensor(type, pointer, bytes, this.list(dims, "i32"), dims.length, CPU);
    ort.stackRestore(stack);
    this.expect(tensor !== 0, "make a tensor");
    return tensor;
  }

  /** Where the numbers of a tensor are. */
  find(tensor: number): number {
    const { ort } = this;
    const stack = ort.stackSave();
    const found = ort.stackAlloc(16);
    this.expect(ort._OrtGetTensorData(tensor, found, found + 4, found + 8, found + 12) === 0, "read the result");
    const pointer = ort.getValue(found + 4, "*");
    ort._OrtFree(ort.getValue(found + 8, "*"));
    ort.stackRestore(stack);
    return pointer;
  }

  /** A copy of the first numbers of a float tensor. */
  floats(tensor: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.ort.HEAPU8.buffer, this.find(tensor), count).slice();
  }

  /** Copy bytes into memory of their own. */
  place(data: Uint8Array): number {
    const pointer = this.ort._malloc(Math.max(1, data.byteLength));
    if (!pointer) throw new RangeError("There is no memory left for the model.");
    this.ort.HEAPU8.set(data, pointer);
    return pointer;
  }

  /** Put 32-bit values on the stack, one after another. */
  list(values: number[], type: "i32" | "*"): number {
    const pointer = this.ort.stackAlloc(4 * Math.max(1, values.length));
    for (const [index, value] of values.entries()) this.ort.setValue(pointer + 4 * index, value, type);
    return pointer;
  }

  expect(holds: boolean, what: string): void {
    if (holds) return;
    const { ort } = this;
    const stack = ort.stackSave();
    const found = ort.stackAlloc(8);
    ort._OrtGetLastError(found, found + 4);
    const message = ort.getValue(found + 4, "*");
    const reason = message ? ort.UTF8ToString(message) : "no reason given";
    ort.stackRestore(stack);
    throw new Error(`ONNX Runtime could not ${what}: ${reason}.`);
  }

  #describe(handle: number): Session {
    const { ort } = this;
    const stack = ort.stackSave();
    const counts = ort.stackAlloc(8);
    this.expect(ort._OrtGetInputOutputCount(handle, counts, counts + 4) === 0, "describe the model");
    const [inputCount, outputCount] = [ort.getValue(counts, "i32"), ort.getValue(counts + 4, "i32")];
    const values = Array.from({ length: inputCount + outputCount }, (_, index) => {
      const found = ort.stackAlloc(8);
      this.expect(ort._OrtGetInputOutputMetadata(handle, index, found, found + 4) === 0, "describe the model");
      const pointer = ort.getValue(found, "*");
      const metadata = ort.getValue(found + 4, "*");
      const rank = ort.getValue(metadata + 4, "i32");
      // A dimension is a name, or where that is null, a number.
      const dims = Array.from({ length: rank }, (_, axis) => ort.getValue(metadata + 8 + (axis + rank) * 4, "i32"));
      ort._OrtFree(metadata);
      return { name: ort.UTF8ToString(pointer), pointer, dims };
    });
    ort.stackRestore(stack);
    return { handle, inputs: values.slice(0, inputCount), outputs: values.slice(inputCount) };
  }
}

/** What one call needs in WebAssembly memory, and gives back at its end. */
export class Call {
  readonly #wasm: Wasm;
  readonly #placed: number[] = [];
  readonly #tensors: number[] = [];

  constructor(wasm: Wasm) {
    this.#wasm = wasm;
  }

  /** A tensor with these numbers. */
  given(type: number, data: Float32Array | BigInt64Array | Int32Array | Int16Array, dims: number[]): number {
    const pointer = this.#wasm.place(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#placed.push(pointer);
    return this.over(type, pointer, data.byteLength, dims);
  }

  integers(values: number[], dims: number[]): number {
    return this.given(INT64, BigInt64Array.from(values, BigInt), dims);
  }

  /** A tensor over memory that stays. */
  over(type: number, pointer: number, bytes: number, dims: number[]): number {
    const tensor = this.#wasm.tensor(type, pointer, bytes, dims);
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Give a tensor back at the end. */
  owns(tensor: number): number {
    this.#tensors.push(tensor);
    return tensor;
  }

  end(): void {
    for (const tensor of this.#tensors) this.#wasm.ort._OrtReleaseTensor(tensor);
    for (const pointer of this.#placed) this.#wasm.ort._free(pointer);
  }
}
