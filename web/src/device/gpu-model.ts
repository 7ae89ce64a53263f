/** The note model on the GPU, as the note engine's worker calls it: every call returns when its work is done or in line. */

import type { NoteGraph } from "./bridge";
import type { Gpu, GpuAnswer, GpuCall, GraphFacts } from "./gpu-messages";
import { ReplyBox } from "./gpu-reply";
import { DeviceError } from "./problem";

export class GpuModel implements NoteGraph {
  readonly #worker = new Worker(new URL("./gpu-worker.ts", import.meta.url), { type: "module", name: "note-gpu" });
  readonly #reply = new ReplyBox();
  #made = 0;
  vocabulary = 0;
  bytes = 0;
  gpu!: Gpu;

  private constructor() {}

  /**
   * Find a GPU and check that it computes rightly.
   *
   * @param folder Address of the runtime's files, ending in `/`.
   * @param half Whether it has to compute with 16-bit numbers.
   * @throws DeviceError There is no such GPU.
   */
  static async start(folder: string, half: boolean): Promise<GpuModel> {
    if (!crossOriginIsolated) {
      throw new DeviceError("This page may not share memory between its workers.", "Open the page from the box's own address.");
    }
    const model = new GpuModel();
    try {
      model.gpu = (await model.#ask({ call: "start", folder, half })) as Gpu;
      return model;
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /** Load the graph; the bytes are given away. */
  async load(model: Uint8Array<ArrayBuffer>, weights: Uint8Array<ArrayBuffer>): Promise<this> {
    const bytes = model.byteLength + weights.byteLength;
    const facts = (await this.#ask({ call: "load", model, weights }, [model.buffer, weights.buffer])) as GraphFacts;
    this.vocabulary = facts.vocabulary;
    this.bytes = bytes;
    return this;
  }

  /** Give the GPU back at once. */
  close(): void {
    this.#worker.terminate();
  }

  allocate(rows: number, capacity: number): number {
    const memory = ++this.#made;
    this.#tell({ call: "allocate", memory, rows, capacity });
    return memory;
  }

  release(memory: number): void {
    this.#tell({ call: "release", memory });
  }

  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void {
    this.#tell({ call: "copy", source, sourceRow, target, targetRow, length });
  }

  run(memory: number, first: number, lengths: number[], ids: number[]): Float32Array {
    const bytes = lengths.length * this.vocabulary * Float32Array.BYTES_PER_ELEMENT;
    this.#tell({ call: "run", memory, first, lengths, ids, reply: this.#reply.open(bytes) });
    return new Float32Array(this.#reply.wait());
  }

  #tell(call: GpuCall, moved: Transferable[] = []): void {
    this.#worker.postMessage(call, moved);
  }

  #ask(call: GpuCall, moved: Transferable[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<GpuAnswer>) => {
        if ("value" in data) resolve(data.value);
        else reject(new DeviceError(data.problem.detail, data.problem.hint));
      };
      this.#worker.onerror = () => {
        reject(new DeviceError("The GPU part of the note engine stopped.", "Load the models without the GPU, or use the box."));
      };
      this.#tell(call, moved);
    });
  }
}
