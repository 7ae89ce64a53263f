/** The one recording that runs on this tablet: microphone in, numbered chunks on the tablet's disk out. */

import { effect, signal, untracked } from "@preact/signals";

import * as api from "../api";
import { SilenceDetector, meterPosition } from "../capture/loudness";
import { Microphone, MicrophoneError } from "../capture/microphone";
import { WakeLock } from "../capture/wake-lock";
import { CHUNK_SECONDS, SAMPLE_RATE, type Encounter } from "../types";
import { chunksStored } from "../encounter/state";
import type { Uploads } from "../upload/uploads";
import { PausedFlag } from "./paused-flag";

/**
 * `idle`: nothing is recorded. `opening`: the browser asks for the microphone. `interrupted`: the visit is still open, but
 * the microphone is not; somebody must tap Continue or Finish. `ending`: the last chunk is being written.
 */
export type Phase = "idle" | "opening" | "recording" | "paused" | "interrupted" | "ending";

export class Recorder {
  readonly phase = signal<Phase>("idle");
  /** The encounter being recorded; null when idle or while a new one is being opened. */
  readonly encounter = signal<string | null>(null);
  readonly title = signal("");
  /** Length of the recording so far. */
  readonly seconds = signal(0);
  /** Position of the level meter, 0.0 to 1.0. */
  readonly level = signal(0);
  /** Nothing was heard for a while. */
  readonly silent = signal(false);
  /** The system muted the microphone. */
  readonly muted = signal(false);
  /** Why the recording is interrupted or could not start. */
  readonly trouble = signal<string | null>(null);

  readonly #uploads: Uploads;
  readonly #wakeLock = new WakeLock();
  readonly #silence = new SilenceDetector();
  #microphone: Microphone | null = null;
  #writes: Promise<void> = Promise.resolve();
  #chunks = 0;
  #paused: PausedFlag | null = null;

  constructor(uploads: Uploads) {
    this.#uploads = uploads;
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.phase.value === "interrupted" && this.encounter.value) void this.#reopen();
    });
    effect(() => this.#watchUpload());
  }

  /** Open the microphone and a new encounter. Sound is kept from the moment the microphone opens. */
  async start(title: string, template: string): Promise<Encounter | null> {
    if (this.phase.value !== "idle") return null;
    const created = Promise.withResolvers<Encounter>();
    this.#chunks = 0;
    // Chunks that come before the encounter exists wait for it.
    this.#writes = created.promise.then(async (encounter) => {
      await this.#uploads.adopt(await this.#uploads.store.begin(encounter.id, title));
    });
    this.#writes.catch(() => undefined);
    if (!(await this.#open())) return null;
    try {
      const encounter = await api.createEncounter(title, template);
      this.#take(encounter);
      created.resolve(encounter);
      await this.#writes;
      return encounter;
    } catch (error) {
      created.reject(error);
      this.#drop();
      this.trouble.value = api.explain(error);
      return null;
    }
  }

  /** Go on with an encounter that this tablet was recording before it was reloaded, or lost its microphone. */
  async continue(encounter: Encounter): Promise<void> {
    if (this.encounter.value === encounter.id && this.phase.value === "interrupted") return this.#reopen();
    if (this.phase.value !== "idle") return;
    const recording = await this.#uploads.store.begin(encounter.id, encounter.title, chunksStored(encounter));
    if (!(await this.#uploads.adopt(recording))) {
      this.trouble.value = "Another tab of this tablet is recording this visit. Go on there, or close it.";
      return;
    }
    this.#chunks = recording.next;
    this.#writes = Promise.resolve();
    if (await this.#open()) this.#take(encounter);
  }

  pause(): void {
    if (this.phase.value !== "recording") return;
    this.#microphone?.pause();
    this.#paused?.set(true);
    this.#quiet();
    this.phase.value = "paused";
  }

  resume(): void {
    if (this.phase.value !== "paused") return;
    this.#microphone?.resume();
    this.#paused?.set(false);
    this.phase.value = "recording";
  }

  /** End the visit: keep the last, short chunk, and let the queue tell the box when all is sent. */
  async finish(): Promise<void> {
    const id = this.encounter.value;
    if (!id || this.phase.value === "ending") return;
    this.phase.value = "ending";
    await this.#microphone?.finish();
    await this.#writes.catch(() => undefined);
    try {
      await this.#uploads.finish(id);
      this.#drop();
    } catch (error) {
      this.phase.value = "interrupted";
      this.trouble.value = api.explain(error);
    }
  }

  /** Stop without finishing: the encounter is being deleted. */
  abandon(): void {
    this.#drop();
  }

  async #open(): Promise<boolean> {
    const before = this.phase.value;
    this.phase.value = "opening";
    this.trouble.value = null;
    try {
      this.#microphone = await Microphone.open({
        onChunk: (samples) => this.#keep(samples),
        onLevel: (db, pending) => this.#measure(db, pending),
        onLost: (reason) => this.#lose(reason),
        onMuted: (muted) => {
          this.muted.value = muted;
        },
      });
    } catch (error) {
      this.phase.value = before;
      this.trouble.value = error instanceof MicrophoneError ? error.message : String(error);
      return false;
    }
    this.#wakeLock.acquire();
    this.phase.value = "recording";
    return true;
  }

  async #reopen(): Promise<void> {
    // The short chunk of the lost microphone, under half a second, is given up: a chunk in the middle must be full.
    this.#microphone?.close();
    this.#writes = this.#writes.catch(() => undefined);
    if (await this.#open()) this.#paused?.set(false);
  }

  #take(encounter: Encounter): void {
    this.encounter.value = encounter.id;
    this.title.value = encounter.title;
    this.#paused = new PausedFlag(encounter.id, encounter.paused);
    this.#paused.set(false);
  }

  #keep(samples: ArrayBuffer): void {
    this.#chunks += 1;
    this.#writes = this.#writes.then(async () => {
      const id = this.encounter.value;
      if (!id) return;
      await this.#uploads.store.append(id, samples);
      this.#uploads.get(id)?.queue.wake();
    });
    this.#writes.catch((error: unknown) => this.#interrupt(api.explain(error)));
  }

  #measure(db: number, pending: number): void {
    if (this.phase.value !== "recording") return;
    this.seconds.value = this.#chunks * CHUNK_SECONDS + pending / SAMPLE_RATE;
    this.level.value = meterPosition(db);
    this.silent.value = this.#silence.hear(db, 0.1);
  }

  /** The microphone is gone. Another one, such as the tablet's own, may take over at once. */
  #lose(reason: string): void {
    if (this.phase.value !== "recording" && this.phase.value !== "paused") return;
    const wasPaused = this.phase.value === "paused";
    this.#interrupt(reason);
    if (!wasPaused) void this.#reopen();
  }

  #interrupt(reason: string): void {
    if (this.phase.value === "idle" || this.phase.value === "ending") return;
    this.#microphone?.close();
    this.#quiet();
    this.phase.value = "interrupted";
    this.trouble.value = reason;
  }

  /** The box will not take this recording any more: stop, and say so. */
  #watchUpload(): void {
    const id = this.encounter.value;
    const upload = id ? this.#uploads.get(id) : undefined;
    if (!upload) return;
    const { outcome, trouble } = upload.queue.state.value;
    untracked(() => {
      if (outcome === "conflict" || outcome === "refused") {
        this.#interrupt(`The box does not take this tablet's audio. ${trouble ?? ""} Finish this visit and start a new one.`);
      } else if (outcome === "deleted") {
        this.#drop();
        this.trouble.value = "This visit was deleted; the recording has stopped.";
      }
    });
  }

  #quiet(): void {
    this.level.value = 0;
    this.silent.value = false;
    this.#silence.reset();
  }

  #drop(): void {
    this.#microphone?.close();
    this.#microphone = null;
    this.#paused?.stop();
    this.#paused = null;
    this.#wakeLock.release();
    this.#quiet();
    this.muted.value = false;
    this.seconds.value = 0;
    this.encounter.value = null;
    this.phase.value = "idle";
  }
}
