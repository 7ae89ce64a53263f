/** What the worker does for Python: tokens by tokenizers.js, logits by ONNX Runtime. See `appliance.device.engine.Bridge`. */

import { Tokenizer } from "@huggingface/tokenizers";
import type { PyProxy } from "pyodide/ffi";

/** The note model's graph on some backend. See `appliance.device.engine.Bridge`. */
export interface NoteGraph {
  /** Number of tokens. */
  readonly vocabulary: number;
  /** What it takes: WebAssembly memory, or on the GPU the files of the graph. */
  readonly bytes: number;
  allocate(rows: number, capacity: number): number;
  release(memory: number): void;
  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void;
  run(memory: number, first: number, lengths: number[], ids: number[]): Float32Array;
}

export class Bridge {
  readonly #graph: NoteGraph;
  readonly #tokenizer: Tokenizer;
  readonly vocabulary: number;

  constructor(graph: NoteGraph, tokenizer: string) {
    this.#graph = graph;
    this.#tokenizer = new Tokenizer(JSON.parse(tokenizer, withEveryDigit) as object, {});
    this.vocabulary = graph.vocabulary;
  }

  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  decode(ids: PyProxy): string {
    const list = numbers(ids);
    // The library refuses an empty list, and its clean-up would take blanks away that Python's tokenizers keep.
    return list.length === 0 ? "" : this.#tokenizer.decode(list, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  token(text: string): number {
    return this.#tokenizer.token_to_id(text) ?? -1;
  }

  allocate(rows: number, capacity: number): number {
    return this.#graph.allocate(rows, capacity);
  }

  release(memory: number): void {
    this.#graph.release(memory);
  }

  copy(source: number, sourceRow: number, target: number, targetRow: number, length: number): void {
    this.#graph.copy(source, sourceRow, target, targetRow, length);
  }

  run(memory: number, first: number, lengths: PyProxy, ids: PyProxy): Float32Array {
    return this.#graph.run(memory, first, numbers(lengths), numbers(ids));
  }
}

/** Rust's `Digits` splits at every numeral, such as "½"; the library's only at 0 to 9. A pattern says what Rust does. */
function withEveryDigit(_key: string, value: unknown): unknown {
  const step = value as { type?: string; individual_digits?: boolean } | null;
  if (step?.type !== "Digits" || !step.individual_digits) return value;
  return { type: "Split", pattern: { Regex: "\\p{N}" }, behavior: "Isolated", invert: false };
}

/** A Python list of int. */
function numbers(list: PyProxy): number[] {
  return list.toJs() as number[];
}
