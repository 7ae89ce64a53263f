/**
 * Measures whether a GPU computes rightly, and how many tokens of a prompt it may be given at once.
 *
 * A small graph of the note model's kind, in float32 or float16, written by `scripts/gpu_check.py` with the box's own results, is
 * run as the note model will be: a prompt, a batch of rows with different lengths, rows in the middle of a memory. Its numbers are
 * as far apart as those of a trained model. Chromium's software adapter for one is wrong from 32 tokens on.
 */

import { GpuGraph } from "./gpu-graph";
import type { GpuRuntime } from "./gpu-runtime";
import { DeviceError } from "./problem";

/** `gpu-check.json`. */
interface Check {
  /** Longer than any piece of a prompt, and the length of a second row, which is a part of it. */
  ids: number[];
  short: number;
  /** One more token for each row. */
  next: number[];
  /** Logits after the prompt, and after the next tokens, row by row. */
  logits: number[];
  rows: number[];
}

/** The decode loop gives at most 128 tokens at once. */
const CHUNKS = [128, 31, 16];
/**
 * Greatest difference from the box's float32, as a share of the greatest logit. GPUs may round inputs of products to int8, as the
 * box does, where that makes 0.024; float16 alone makes 0.003. What is known to be wrong is off by 0.4 or more.
 */
const TOLERANCE = 0.05;
/** Tokens of the trial of a model. */
const TRIAL = 16;
const ROOM = 8;
const OTHERWISE = "Load the models without the GPU, or use the box.";

/**
 * @param half Whether to check 16-bit numbers.
 * @throws DeviceError The GPU computes wrongly whatever is done.
 */
export async function prefillChunk(gpu: GpuRuntime, folder: string, half: boolean): Promise<number> {
  const [model, weights, check] = await Promise.all([
    fetch(`${folder}gpu-check${half ? ".float16" : ""}.onnx`).then(bytes),
    fetch(`${folder}gpu-check.onnx.data`).then(bytes),
    fetch(`${folder}gpu-check.json`).then((response) => response.json() as Promise<Check>),
  ]);
  const graph = await GpuGraph.load(gpu, model, weights);
  try {
    for (const chunk of CHUNKS) {
      graph.chunk = chunk;
      if (await isRight(graph, check)) return chunk;
    }
  } finally {
    await graph.close();
  }
  throw new DeviceError(`The GPU of this tablet computes wrong ${half ? "16-bit " : ""}numbers.`, OTHERWISE);
}

/**
 * Run a model once: its shaders are compiled then, and what is too large for 16-bit numbers shows.
 *
 * @throws DeviceError What comes out is no number.
 */
export async function tryOut(graph: GpuGraph): Promise<void> {
  const memory = 0;
  graph.allocate(memory, 1, TRIAL);
  try {
    const logits = await graph.run(memory, 0, [0], Array.from({ length: TRIAL }, (_, token) => token));
    if (!logits.every(Number.isFinite)) throw new DeviceError("The note model's numbers are too large for this GPU.", OTHERWISE);
  } finally {
    graph.release(memory);
  }
}

async function isRight(graph: GpuGraph, { ids, short, next, logits, rows }: Check): Promise<boolean> {
  const [prompt, batch] = [1, 2];
  graph.allocate(prompt, 1, ids.length + ROOM);
  graph.allocate(batch, 2, ids.length + ROOM);
  try {
    const after = await graph.run(prompt, 0, [0], ids);
    graph.copy(prompt, 0, batch, 0, ids.length);
    await graph.run(batch, 1, [0], ids.slice(0, short));
    const stepped = await graph.run(batch, 0, [ids.length, short], next);
    return near(after, logits) && near(stepped, rows);
  } finally {
    graph.release(prompt);
    graph.release(batch);
  }
}

function near(found: Float32Array, expected: number[]): boolean {
  const largest = Math.max(...expected.map(Math.abs));
  // A comparison with a number that is none is false.
  return expected.every((value, index) => Math.abs((found[index] as number) - value) <= TOLERANCE * largest);
}

async function bytes(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}
