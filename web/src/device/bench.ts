/** Writes the note of a sample visit in this browser and keeps what it took. */

import { computed, signal } from "@preact/signals";

import { RequestError } from "../api";
import type { ProblemDocument } from "../types";
import { DeviceEngine } from "./engine";
import type { Loaded, NoteEvent, Progress } from "./messages";
import { SAMPLE } from "./sample";

/** `appliance.clinical_note.Note`, as far as it is shown. */
interface Note {
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
  loaded?: Loaded;
  note?: Note;
}

export class Bench {
  readonly busy = signal(false);
  readonly progress = signal<Progress | null>(null);
  readonly sections = signal<Section[]>([]);
  readonly measured = signal<Measured>({});
  readonly download = computed(() => {
    const { userAgent, hardwareConcurrency } = navigator;
    const browser = { userAgent, hardwareConcurrency, crossOriginIsolated };
    return `data:application/json,${encodeURIComponent(JSON.stringify({ browser, ...this.measured.value }, null, 2))}`;
  });
  #engine: DeviceEngine | null = null;

  /** Start the engine anew, and fetch what is missing. */
  load(): Promise<void> {
    return this.#while(async () => {
      this.#engine?.close();
      this.measured.value = {};
      this.#engine = new DeviceEngine();
      this.#engine.onProgress = (progress) => {
        this.progress.value = progress;
      };
      this.measured.value = { loaded: await this.#engine.load() };
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
      await engine.ask({ ask: "open", template: SAMPLE.template });
      for (const [number, turn] of SAMPLE.turns.entries()) {
        await engine.ask({ ask: "turn", number, turn: JSON.stringify(turn) });
      }
      await engine.ask({ ask: "finish", turns: SAMPLE.turns.length });
      this.measured.value = { ...this.measured.value, note: await written };
    });
  }

  async cancel(): Promise<void> {
    await this.#engine?.ask({ ask: "cancel" });
  }

  #take({ name, data }: NoteEvent, resolve: (note: Note) => void, reject: (error: Error) => void): void {
    if (name === "section") this.sections.value = [...this.sections.value, data as Section];
    else if (name === "note") resolve(data as Note);
    else if (name === "failed") reject(new RequestError(0, data as ProblemDocument));
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
