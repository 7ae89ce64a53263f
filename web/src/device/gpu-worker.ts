/** The note model on the GPU, in a worker of its own: it works through promises while the note engine's worker waits. */

import { prefillChunk, tryOut } from "./gpu-check";
import { GpuGraph } from "./gpu-graph";
import type { Gpu, GpuAnswer, GpuCall, GraphFacts } from "./gpu-messages";
import { reply } from "./gpu-reply";
import { GpuRuntime } from "./gpu-runtime";
import { toProblem } from "./problem";

let runtime: GpuRuntime | null = null;
let graph: GpuGraph | null = null;
let chunk = 0;
/** Of a call that nobody waits for; the next run tells it. */
let failure: unknown = null;
let queue: Promise<void> = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<GpuCall>) => {
  queue = queue.then(() => take(data));
});

async function take(call: GpuCall): Promise<void> {
  switch (call.call) {
    case "start":
      return answer(start(call.folder, call.half));
    case "load":
      return answer(load(call.model, call.weights));
    case "run":
      return reply(call.reply, () => run(call.memory, call.first, call.lengths, call.ids));
    default:
      try {
        change(call);
      } catch (error) {
        failure ??= error;
      }
  }
}

async function start(folder: string, half: boolean): Promise<Gpu> {
  runtime = await GpuRuntime.start(folder, half);
  chunk = await prefillChunk(runtime, folder, half);
  const { vendor, architecture, description, isFallbackAdapter } = runtime.info;
  return {
    adapter: description || [vendor, architecture].filter(Boolean).join(" ") || "unknown",
    software: isFallbackAdapter || architecture === "swiftshader",
    half,
    refused: null,
    chunk,
  };
}

async function load(model: Uint8Array, weights: Uint8Array): Promise<GraphFacts> {
  if (!runtime) throw new Error("The GPU is not started.");
  graph = await GpuGraph.load(runtime, model, weights);
  graph.chunk = chunk;
  await tryOut(graph);
  return { vocabulary: graph.vocabulary };
}

async function run(memory: number, first: number, lengths: number[], ids: number[]): Promise<Float32Array> {
  if (failure) throw failure;
  return loaded().run(memory, first, lengths, ids);
}

function change(call: Extract<GpuCall, { call: "allocate" | "release" | "copy" }>): void {
  switch (call.call) {
    case "allocate":
      return loaded().allocate(call.memory, call.rows, call.capacity);
    case "release":
      return loaded().release(call.memory);
    case "copy":
      return loaded().copy(call.source, call.sourceRow, call.target, call.targetRow, call.length);
  }
}

function loaded(): GpuGraph {
  if (!graph) throw new Error("The note model is not on the GPU.");
  return graph;
}

async function answer(work: Promise<unknown>): Promise<void> {
  const answer: GpuAnswer = await work.then((value) => ({ value }), (error: unknown) => ({ problem: toProblem(error) }));
  postMessage(answer);
}
