/** The note model's graph on the GPU. Keys and values stay there, and calls append to them in place, as on the box. */

import type { InferenceSession, Tensor } from "onnxruntime-web/webgpu";

import type { GpuRuntime } from "./gpu-runtime";

const FLOAT_BYTES = { float32: 4, float16: 2 };
const WEIGHTS_FILE = "model.onnx.data";
const CACHE = "past.";
/** `GPUBufferUsage`, which TypeScript does not know yet: COPY_SRC, COPY_DST, STORAGE. */
const USAGE = 0x04 | 0x08 | 0x80;

/** Keys and values of several sequences: for each layer's key and value one buffer, `[rows, heads, capacity, size]`. */
interface Memory {
  rows: number;
  capacity: number;
  buffers: GPUBuffer[];
}

export class GpuGraph {
  readonly #gpu: GpuRuntime;
  readonly #session: InferenceSession;
  readonly #caches: string[];
  /** Of keys and values; logits are float32. */
  readonly #type: keyof typeof FLOAT_BYTES;
  readonly #heads: number;
  readonly #headSize: number;
  readonly #memories = new Map<number, Memory>();
  /** Stands in for rows in the middle of a memory: the runtime takes whole buffers only. */
  #aside: Memory | null = null;
  readonly vocabulary: number;
  /** Most tokens of a row in one call. */
  chunk = Number.POSITIVE_INFINITY;

  private constructor(gpu: GpuRuntime, session: InferenceSession) {
    this.#gpu = gpu;
    this.#session = session;
    this.#caches = session.inputNames.filter((name) => name.startsWith(CACHE)).map((name) => name.slice(CACHE.length));
    const [cache, logits] = [session.inputMetadata[session.inputNames.indexOf(`${CACHE}0.key`)], session.outputMetadata[0]];
    if (!cache?.isTensor || !logits?.isTensor || !isFloat(cache.type)) throw new Error("This is not a graph of a note model.");
    this.#type = cache.type;
    [this.#heads, this.#headSize, this.vocabulary] = [Number(cache.shape[1]), Number(cache.shape[3]), Number(logits.shape[1])];
  }

  static async load(gpu: GpuRuntime, model: Uint8Array, weights: Uint8Array): Promise<GpuGraph> {
    return new GpuGraph(gpu, await gpu.load(model, weights, WEIGHTS_FILE));
  }

  close(): Promise<void> {
    for (const memory of [...this.#memories.values(), this.#aside]) destroy(memory);
    return this.#session.release();
  }

  allocate(number: number, rows: number, capacity: number): void {
    this.#memories.set(number, this.#make(rows, capacity));
  }

  release(number: number): void {
    destroy(this.#memory(number));
    this.#memories.delete(number);
  }

  /** Copy the first `length` tokens of a row into another row. */
  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void {
    const [from, to] = [this.#memory(source), this.#memory(target)];
    if (from !== to) return this.#copy(from, sourceRow, to, targetRow, length);
    // The GPU copies within no buffer.
    const aside = this.#asideFor(1, from.capacity);
    this.#copy(from, sourceRow, aside, 0, length);
    this.#copy(aside, 0, to, targetRow, length);
  }

  /** See `appliance.device.engine.Bridge.run`. */
  async run(number: number, first: number, lengths: number[], ids: number[]): Promise<Float32Array> {
    const memory = this.#memory(number);
    if (first === 0) return this.#pieces(memory, lengths, ids);
    const aside = this.#asideFor(lengths.length, memory.capacity);
    const sequence = ids.length / lengths.length;
    for (const [row, length] of lengths.entries()) this.#copy(memory, first + row, aside, row, length);
    const logits = await this.#pieces(aside, lengths, ids);
    for (const [row, length] of lengths.entries()) this.#copy(aside, row, memory, first + row, length + sequence);
    return logits;
  }

  /** Run over the first rows of a memory, in pieces that the GPU gets right. */
  async #pieces(memory: Memory, lengths: number[], ids: number[]): Promise<Float32Array> {
    const sequence = ids.length / lengths.length;
    let logits = new Float32Array();
    for (let start = 0; start < sequence; start += this.chunk) {
      const end = Math.min(sequence, start + this.chunk);
      const piece = lengths.flatMap((_, row) => ids.slice(row * sequence + start, row * sequence + end));
      logits = await this.#piece(memory, lengths.map((length) => length + start), piece);
    }
    return logits;
  }

  async #piece(memory: Memory, lengths: number[], ids: number[]): Promise<Float32Array<ArrayBuffer>> {
    const { Tensor } = this.#gpu.ort;
    const rows = lengths.length;
    const sequence = ids.length / rows;
    const totals = lengths.map((length) => length + sequence);
    const feeds: Record<string, Tensor> = {
      input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [rows, sequence]),
      row_lengths: new Tensor("int32", Int32Array.from(totals, (total) => total - 1), [rows]),
      total_length: new Tensor("int32", Int32Array.of(Math.max(...totals)), []),
      positions: new Tensor("int64", BigInt64Array.from(lengths, (_, row) => BigInt((row + 1) * sequence - 1)), [rows]),
    };
    const results: Record<string, Tensor | null> = { logits: null };
    const dims = [rows, this.#heads, memory.capacity, this.#headSize];
    for (const [index, name] of this.#caches.entries()) {
      const tensor = Tensor.fromGpuBuffer(memory.buffers[index] as GPUBuffer, { dataType: this.#type, dims });
      feeds[CACHE + name] = tensor;
      results[`present.${name}`] = tensor;
    }
    const { logits } = await this.#gpu.whileThere(this.#session.run(feeds, results));
    return (logits as Tensor).data as Float32Array<ArrayBuffer>;
  }

  #copy(from: Memory, fromRow: number, to: Memory, toRow: number, length: number): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    const token = this.#headSize * FLOAT_BYTES[this.#type];
    for (const [index, buffer] of from.buffers.entries()) {
      for (let head = 0; head < this.#heads; head++) {
        const start = (fromRow * this.#heads + head) * from.capacity * token;
        const end = (toRow * this.#heads + head) * to.capacity * token;
        encoder.copyBufferToBuffer(buffer, start, to.buffers[index] as GPUBuffer, end, length * token);
      }
    }
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #make(rows: number, capacity: number): Memory {
    const size = rows * this.#heads * capacity * this.#headSize * FLOAT_BYTES[this.#type];
    return { rows, capacity, buffers: this.#caches.map(() => this.#gpu.device.createBuffer({ size, usage: USAGE })) };
  }

  #asideFor(rows: number, capacity: number): Memory {
    if (this.#aside && this.#aside.rows >= rows && this.#aside.capacity === capacity) return this.#aside;
    destroy(this.#aside);
    return (this.#aside = this.#make(rows, capacity));
  }

  #memory(number: number): Memory {
    const memory = this.#memories.get(number);
    if (!memory) throw new RangeError(`There is no memory ${number}.`);
    return memory;
  }
}

function isFloat(type: string): type is keyof typeof FLOAT_BYTES {
  return type in FLOAT_BYTES;
}

function destroy(memory: Memory | null): void {
  for (const buffer of memory?.buffers ?? []) buffer.destroy();
}
