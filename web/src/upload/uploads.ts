/** All audio on this tablet that the box does not have yet: one queue per encounter, each run by one tab only. */

import { computed, signal } from "@preact/signals";

import * as api from "../api";
import { chunksStored } from "../encounter/state";
import type { ChunkStore, LocalRecording } from "./chunk-store";
import { UploadQueue } from "./queue";

/** A recording whose audio this tab sends. */
export interface Upload {
  recording: LocalRecording;
  queue: UploadQueue;
}

export class Uploads {
  readonly store: ChunkStore;
  /** Encounter id to upload, in order of adoption. */
  readonly all = signal<ReadonlyMap<string, Upload>>(new Map());
  /** Recordings that were neither ended nor given up. */
  readonly unfinished = computed(() => [...this.all.value.values()].filter(({ recording }) => !recording.finished));

  constructor(store: ChunkStore) {
    this.store = store;
    addEventListener("online", () => {
      for (const { queue } of this.all.value.values()) queue.retryNow();
    });
  }

  get(encounter: string): Upload | undefined {
    return this.all.value.get(encounter);
  }

  /** Send what an earlier life of this page left behind. Recordings that another tab holds are left to it. */
  async resume(): Promise<void> {
    for (const recording of await this.store.recordings()) {
      if (recording.finished) await api.endHere(recording.encounter, recording.next);
      await this.adopt(recording);
    }
  }

  /**
   * Start to send a recording's audio, as the only tab to do so.
   *
   * @returns The upload, or null when another tab of this tablet holds the recording.
   */
  async adopt(recording: LocalRecording): Promise<Upload | null> {
    const known = this.get(recording.encounter);
    if (known) return known;
    const unlock = await lock(recording.encounter);
    if (!unlock) return null;
    const upload = { recording, queue: new UploadQueue(recording.encounter, this.store, api) };
    this.#change((all) => all.set(recording.encounter, upload));
    void upload.queue.run().then((outcome) => {
      unlock();
      if (outcome === "finished" || outcome === "deleted") this.#change((all) => all.delete(recording.encounter));
    });
    return upload;
  }

  /** The visit is over: send the rest, then tell the box. */
  async finish(encounter: string): Promise<void> {
    const upload = this.get(encounter);
    const outcome = upload?.queue.state.value.outcome;
    if (!upload || outcome === "conflict" || outcome === "refused") return this.finishAsStored(encounter);
    const recording = await this.store.finish(encounter);
    if (!recording) return;
    await api.endHere(encounter, recording.next);
    this.#change((all) => all.set(encounter, { ...upload, recording }));
    upload.queue.retryNow();
  }

  /**
   * End a visit with the audio that is on the box, because what this tablet has cannot be added or is on another tablet.
   *
   * @throws RequestError The box cannot be reached or refuses.
   */
  async finishAsStored(encounter: string): Promise<void> {
    const stored = await api.getEncounter(encounter);
    if (stored.state === "recording") await api.finishEncounter(encounter, chunksStored(stored));
    await this.forget(encounter);
  }

  /** Delete the tablet's copy of an encounter's audio, sent or not. */
  async forget(encounter: string): Promise<void> {
    this.get(encounter)?.queue.stop();
    this.#change((all) => all.delete(encounter));
    await this.store.forget(encounter);
  }

  /** Delete the tablet's copy of all audio, sent or not. */
  async forgetAll(): Promise<void> {
    for (const { queue } of this.all.value.values()) queue.stop();
    this.all.value = new Map();
    await this.store.clear();
  }

  #change(edit: (all: Map<string, Upload>) => void): void {
    const all = new Map(this.all.value);
    edit(all);
    this.all.value = all;
  }
}

/** Hold a lock that all tabs of this tablet share until the answer is called; null when another tab holds it. */
function lock(encounter: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    void navigator.locks.request(`chartside-audio-${encounter}`, { ifAvailable: true }, (held) => {
      if (!held) {
        resolve(null);
        return undefined;
      }
      return new Promise<void>((unlock) => resolve(unlock));
    });
  });
}
