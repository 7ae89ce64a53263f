/** wllama, llama.cpp as WebAssembly, with everything from the page's own origin; it starts workers of its own. */

import type { Run, Task } from "./comparison";
import { Clock } from "./contender-worker";

const PEER = "/peers/wllama/";

/** The part of the library that is used. It is no dependency of the page: `make browser-bench` puts it beside it. */
interface Library {
  Wllama: new (paths: { default: string }, options: object) => Wllama;
}

interface Wllama {
  loadModel(files: Blob[], options: object): Promise<void>;
  createCompletion(options: object): Promise<AsyncIterable<Chunk>>;
  exit(): Promise<void>;
}

interface Chunk {
  choices: { text: string }[];
  timings?: { prompt_n: number; predicted_n: number };
}

export async function runWllama(task: Task, threads: number): Promise<Run> {
  const { Wllama } = (await import(/* @vite-ignore */ `${PEER}index.js`)) as Library;
  const engine = new Wllama({ default: `${PEER}wllama.wasm` }, { suppressNativeLog: true });
  const file = await (await fetch("/peers/models/base.gguf")).blob();
  const { text, ids } = task.prompt;
  const began = performance.now();
  await engine.loadModel([file], { n_threads: threads, n_ctx: ids.length + task.tokens + 1, n_gpu_layers: 0 });
  try {
    const load = (performance.now() - began) / 1000;
    const clock = new Clock();
    const options = { prompt: text, max_tokens: task.tokens, temperature: 0, cache_prompt: false, ignore_eos: true, stream: true };
    let written = "";
    let timings: Chunk["timings"];
    for await (const chunk of await engine.createCompletion(options)) {
      const piece = chunk.choices[0]?.text ?? "";
      if (piece) clock.tick();
      written += piece;
      timings = chunk.timings ?? timings;
    }
    return { load, prompt: timings?.prompt_n ?? ids.length, ...clock.times(), written };
  } finally {
    await engine.exit();
  }
}
