/** The note engine as the page sees it. */

import type { Backend, Loaded, NoteEvent, Question } from "./messages";
import { threadsHere, WorkerEngine } from "./worker-engine";

export class DeviceEngine extends WorkerEngine<Question, NoteEvent> {
  constructor() {
    super(new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "note-engine" }));
  }

  load(threads = threadsHere(), backend: Backend = "wasm"): Promise<Loaded> {
    return this.ask({ ask: "load", threads, backend }) as Promise<Loaded>;
  }
}
