/** Measures the engines of this tablet, and compares the note engine with others. */

import { computed, signal } from "@preact/signals";

import { RequestError } from "../api";
import { DeviceEngine } from "../device/engine";
import type { Backend, Loaded, NoteEvent, Progress } from "../device/messages";
import { SAMPLE } from "../device/sample";
import { SpeechEngine } from "../device/speech-engine";
import type { SpeechLoaded } from "../device/speech-messages";
import { threadsHere } from "../device/worker-engine";
import type { ProblemDocument } from "../types";
import { type BrowserFacts, readBrowser } from "./browser";
import { compare, type Figures, findTask } from "./comparison";
import { CONTENDERS } from "./contenders";
import { hear, type Heard } from "./hearing";

/** `appliance.clinical_note.Note`, as far as it is shown. */
export interface Note {
  sections: Section[];
  stamp: Record<string, unknown>;
  timing: {
    prefill_tokens: number;
    prefill_seconds: number;
    decode_tokens: number;
    decode_seconds: number;
    finish_to_note_seconds: number;
  };
}

interface Section {
  name: string;
  title: string;
  text: string;
}

export interface Measured {
  browser?: BrowserFacts;
  loaded?: Loaded;
  /** Seconds from the first turn of the sample visit to the first section. */
  firstSection?: number;
  note?: Note;
  speech?: SpeechLoaded;
  heard?: Heard;
  compared?: Figures[];
}

export class Bench {
  readonly busy = signal(false);
  readonly progress = signal<Progress | null>(null);
  readonly sections = signal<Section[]>([]);
  readonly measured = signal<Measured>({});
  /** What computes the note. */
  readonly backend = signal<Backend>("wasm");
  /** Of the comparison. */
  readonly threads = signal(threadsHere());
  readonly rounds = signal(3);
  /** The engine that is measured now. */
  readonly running = signal<string | null>(null);
  readonly download = computed(() => `data:application/json,${encodeURIComponent(JSON.stringify(this.measured.value, null, 2))}`);
  #engine: DeviceEngine | null = null;
  #began = 0;

  async look(): Promise<void> {
    this.#keep({ browser: await readBrowser() });
  }

  /** Start the note engine anew, and fetch what is missing. */
  load(): Promise<void> {
    return this.#while(async () => {
      this.#engine?.close();
      const { browser, compared } = this.measured.value;
      this.measured.value = { ...(browser && { browser }), ...(compared && { compared }) };
      this.#engine = new DeviceEngine();
      this.#engine.onProgress = (progress) => this.#show(progress);
      this.#keep({ loaded: await this.#engine.load(undefined, this.backend.value) });
    });
  }

  write(): Promise<void> {
    return this.#while(async () => {
      const engine = this.#engine;
      if (!engine) return;
      this.sections.value = [];
      const written = new Promise<Note>((resolve, reject) => {
        engine.onEvents = (events) => {
          for (const event of events) this.#take(event, resolve, reject);
        };
      });
      // Handled below; without this a failure before then would count as unhandled.
      written.catch(() => {});
      this.#began = performance.now();
      await engine.ask({ ask: "open", template: SAMPLE.template });
      for (const [number, turn] of SAMPLE.turns.entries()) {
        await engine.ask({ ask: "turn", number, turn: JSON.stringify(turn) });
      }
      await engine.ask({ ask: "finish", turns: SAMPLE.turns.length });
      this.#keep({ note: await written });
    });
  }

  async cancel(): Promise<void> {
    await this.#engine?.ask({ ask: "cancel" });
  }

  /** Hear a recording that somebody chose. */
  hear(file: Blob): Promise<void> {
    return this.#while(async () => {
      const engine = new SpeechEngine();
      engine.onProgress = (progress) => this.#show(progress);
      try {
        this.#keep({ speech: await engine.load() });
        this.#keep({ heard: await hear(engine, file) });
      } finally {
        engine.close();
      }
    });
  }

  /** @throws RequestError There is nothing to compare with. */
  compare(): Promise<void> {
    return this.#while(async () => {
      const task = await findTask();
      if (!task) throw new RequestError(0, NO_PEERS);
      // The engines are measured one at a time: this one's memory and threads would be in the way.
      this.#engine?.close();
      this.#engine = null;
      await compare(CONTENDERS, task, this.threads.value, this.rounds.value, (running, compared) => {
        this.running.value = running;
        this.#keep({ compared });
      });
    });
  }

  #take({ name, data }: NoteEvent, resolve: (note: Note) => void, reject: (error: Error) => void): void {
    if (name === "section") {
      if (!this.sections.value.length) this.#keep({ firstSection: (performance.now() - this.#began) / 1000 });
      this.sections.value = [...this.sections.value, data as Section];
    } else if (name === "note") resolve(data as Note);
    else if (name === "failed") reject(new RequestError(0, data as ProblemDocument));
  }

  #keep(found: Partial<Measured>): void {
    this.measured.value = { ...this.measured.value, ...found };
  }

  #show(progress: Progress): void {
    this.progress.value = progress;
  }

  async #while(work: () => Promise<void>): Promise<void> {
    this.busy.value = true;
    try {
      await work();
    } finally {
      this.busy.value = false;
    }
  }
}

const NO_PEERS = {
  title: "Nothing to compare with",
  detail: "This box does not carry the other engines.",
  hint: "Run `make browser-bench` in the source tree.",
};
