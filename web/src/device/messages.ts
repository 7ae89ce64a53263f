/** What the page and the worker of the note engine say to each other. */

import type { ProblemDocument } from "../types";
import type { Gpu } from "./gpu-messages";

/** What computes the note model: the GPU with 16-bit or 32-bit numbers, or the processor. */
export type Backend = "webgpu-f16" | "webgpu-f32" | "wasm";

/** Fetch what is missing of the box's note model, and start it; one that is loaded is given up. */
export interface LoadQuestion {
  ask: "load";
  /** Of `wasm`. */
  threads: number;
  /** By default `wasm`. */
  backend?: Backend;
  /** Whether `wasm` unpacks the weights; by default where there is memory for them. */
  unpack?: boolean;
}

/** What the page asks. JSON bodies have the shapes of the note service's HTTP API. */
export type Question =
  /** Read the rules only; checks can be asked then. */
  | { ask: "start" }
  | LoadQuestion
  | { ask: "check"; body: string }
  /** What may have been said in turns, JSON as they were heard; `first` is the number of the first of them. */
  | { ask: "propose"; heard: string; first: number }
  /** Turns as they read with the accepted ones of proposals; both are JSON. */
  | { ask: "correct"; heard: string; proposals: string }
  | { ask: "open"; template: string }
  | { ask: "turn"; number: number; turn: string }
  | { ask: "finish"; turns: number }
  | { ask: "cancel" }
  /** Answer the questions of `appliance.device.questions`; shows that the page computes what the box computes. */
  | { ask: "answer"; questions: string };

/** How far the weights are here. */
export interface Progress {
  /** Bytes. */
  done: number;
  total: number;
  /** Seconds to go at the pace so far; null until there is one. */
  left: number | null;
}

/** What loading took, in seconds, and where it stands. */
export interface Loaded {
  bundle: string;
  threads: number;
  /** Whether the weights are float32 in memory; packed ones take a seventh of it, and a step of `wasm` ten times as long. */
  unpacked: boolean;
  /** Null where the processor computes. */
  gpu: Gpu | null;
  seconds: { rules: number; weights: number; model: number };
  /** Bytes of WebAssembly memory, of Python and of the graph; on the GPU the bytes of the graph's files. */
  memory: { rules: number; model: number };
}

/** An event of a note, as the note service streams it. */
export interface NoteEvent {
  id: number;
  name: string;
  data: unknown;
}

export type Reply<Event> =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "problem"; id: number; problem: ProblemDocument }
  | { kind: "progress"; progress: Progress }
  /** `bytes` of memory are held then. */
  | { kind: "events"; events: Event[]; bytes: number };

export interface Asked<Question> {
  id: number;
  question: Question;
}
