/** Work without the box: keeps key and visits on this tablet, brings them to the box when it is there, and forgets all when it is told to. */

import { computed, effect, signal } from "@preact/signals";

import * as api from "../api";
import type { BoxStatus } from "../app-context";
import type { ChunkStore } from "../upload/chunk-store";
import { Pause } from "../upload/backoff";
import type { Uploads } from "../upload/uploads";
import { LocalBox } from "./local-box";
import { LocalVisits } from "./local-visits";
import { forgetPage, keepEngines, keepPage, lookForNewVersion } from "./page-keeper";
import { RulesWorker } from "./rules";
import { Sync } from "./sync";
import type { Vault } from "./vault";

/** How long the first load of the page waits for a key. */
const KEY_MS = 5_000;
/** Pause between two attempts to bring the rest of a visit to the box. */
const AGAIN_MS = 2_000;

/** Something to tell the clinician about a visit that went to the box. */
export interface Notice {
  id: string;
  words: string;
}

export class Offline {
  readonly box: LocalBox;
  /** This tablet may keep visits: the box gave it a key. */
  readonly ready = signal(false);
  readonly visits = computed(() => (this.ready.value ? this.box.visits.summaries.value : []));
  readonly notices = signal<Notice[]>([]);
  readonly #vault: Vault;
  readonly #uploads: Uploads;
  readonly #status: BoxStatus;
  readonly #sync: Sync;
  readonly #pause = new Pause();

  /** Get ready to answer for the box; `run` begins to bring visits to it. */
  static async open(vault: Vault, chunks: ChunkStore, uploads: Uploads, status: BoxStatus): Promise<Offline> {
    const box = new LocalBox(await LocalVisits.open(vault), chunks, new RulesWorker());
    const offline = new Offline(box, vault, uploads, status);
    // A tablet without a key encrypts nothing, so what is recorded first must not come before it.
    const key = offline.#fetchKey();
    if (!vault.ready) await Promise.race([key, new Promise((resolve) => setTimeout(resolve, KEY_MS))]);
    offline.#begin();
    return offline;
  }

  private constructor(box: LocalBox, vault: Vault, uploads: Uploads, status: BoxStatus) {
    this.box = box;
    this.#vault = vault;
    this.#uploads = uploads;
    this.#status = status;
    this.#sync = new Sync(box.visits, this.#audio(), { ...api.bring, create: api.bringEncounter }, (id, title) => {
      const words = `The note of ${title} was also changed on the box. Both are kept: look at its versions.`;
      this.notices.value = [...this.notices.value.filter((notice) => notice.id !== id), { id, words }];
    });
  }

  /**
   * Bring visits to the box whenever it is there.
   *
   * @param beforeShredding Stops what the page is doing, when this tablet is not paired any more.
   */
  run(beforeShredding: () => void): void {
    void keepPage();
    effect(() => {
      // Any change of them is a reason to try.
      this.box.visits.summaries.value;
      if (this.#status.reachable.value) this.#pause.wake();
    });
    effect(() => {
      // A box that comes back may have been updated.
      if (this.#status.reachable.value) void lookForNewVersion();
    });
    effect(() => {
      if (!this.#status.paired.value) queueMicrotask(() => void this.#shred(beforeShredding));
    });
    effect(() => {
      if (!this.#status.status.value) return;
      void keepEngines().catch(() => undefined);
      if (!this.ready.peek()) void this.#fetchKey();
    });
    void this.#work();
  }

  dismiss(notice: Notice): void {
    this.notices.value = this.notices.value.filter((other) => other !== notice);
  }

  #begin(): void {
    if (!this.#vault.ready) return;
    this.ready.value = true;
    api.answerHere(this.box);
  }

  async #fetchKey(): Promise<void> {
    try {
      const { key } = await api.getLocalKey();
      await this.#vault.adopt(Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0)));
      this.#begin();
    } catch (error) {
      // Without the box the key of the last time is there; a box that gives none keeps visits to itself.
      this.#notice(error);
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      const rest = this.#status.reachable.value ? await this.#bringAll() : false;
      await this.#pause.wait(rest ? AGAIN_MS : undefined);
    }
  }

  /** One attempt for every visit, by one tab; returns whether to try again soon. */
  async #bringAll(): Promise<boolean> {
    if (!this.ready.value) return false;
    const { ids } = this.box.visits;
    if (ids.length === 0) return false;
    return navigator.locks.request("chartside-sync", { ifAvailable: true }, async (lock) => {
      let rest = lock === null;
      for (const id of lock ? ids : []) {
        try {
          rest = (await this.#sync.bring(id)) === "waiting" || rest;
        } catch (error) {
          this.#notice(error);
          rest = true;
        }
      }
      return rest;
    }) as Promise<boolean>;
  }

  #notice(error: unknown): void {
    if (error instanceof api.RequestError && error.status === 401) this.#status.paired.value = false;
  }

  /** This tablet is not paired any more: nothing that it kept can be read from here on. */
  async #shred(before: () => void): Promise<void> {
    before();
    api.answerHere(null);
    this.ready.value = false;
    await this.#vault.shred();
    await this.box.visits.clear();
    await this.#uploads.forgetAll();
    await forgetPage();
    location.reload();
  }

  #audio(): { retryNow(id: string): void; forget(id: string): Promise<void> } {
    return {
      retryNow: (id) => this.#uploads.get(id)?.queue.retryNow(),
      forget: (id) => this.#uploads.forget(id),
    };
  }
}
