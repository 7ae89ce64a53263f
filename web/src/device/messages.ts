/** What the page and the worker of the note engine say to each other. */

import type { ProblemDocument } from "../types";

/** What the page asks. JSON bodies have the shapes of the note service's HTTP API. */
export type Question =
  /** Read the rules only; checks can be asked then. */
  | { ask: "start" }
  /** Fetch what is missing of the box's note model, and start it. */
  | { ask: "load"; threads: number }
  | { ask: "check"; body: string }
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
  seconds: { rules: number; weights: number; model: number };
  /** Bytes of WebAssembly memory, of Python and of the graph. */
  memory: { rules: number; model: number };
}

/** An event of a note, as the note service streams it. */
export interface NoteEvent {
  id: number;
  name: string;
  data: unknown;
}

export type Reply =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "problem"; id: number; problem: ProblemDocument }
  | { kind: "progress"; progress: Progress }
  | { kind: "events"; events: NoteEvent[] };

export interface Asked {
  id: number;
  question: Question;
}
