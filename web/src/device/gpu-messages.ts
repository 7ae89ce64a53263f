/** What the worker of the note engine and the worker with the GPU say to each other. */

import type { ProblemDocument } from "../types";

/** Memories are known by numbers that the caller chooses; see `appliance.device.engine.Bridge` for what they are. */
export type GpuCall =
  /** Find a GPU, start the runtime and check that it computes rightly. Answered with `Gpu`. */
  | { call: "start"; folder: string; half: boolean }
  /** Load a graph and try it out. Answered with `GraphFacts`. */
  | { call: "load"; model: Uint8Array; weights: Uint8Array }
  | { call: "allocate"; memory: number; rows: number; capacity: number }
  | { call: "release"; memory: number }
  | { call: "copy"; source: number; sourceRow: number; target: number; targetRow: number; length: number }
  /** Answered through shared memory (`gpu-reply.ts`), for which the caller waits. */
  | { call: "run"; memory: number; first: number; lengths: number[]; ids: number[]; reply: SharedArrayBuffer };

export type GpuAnswer = { value: unknown } | { problem: ProblemDocument };

/** The GPU of this tablet, and what was measured of it. */
export interface Gpu {
  /** As the browser names it. */
  adapter: string;
  /** Computed by the processor: right, and slow. */
  software: boolean;
  /** Whether it computes the note model with 16-bit numbers. */
  half: boolean;
  /** Why not, in one sentence, where it was asked to. */
  refused: string | null;
  /** Most tokens of a prompt in one call that it gets right. */
  chunk: number;
}

export interface GraphFacts {
  vocabulary: number;
}
