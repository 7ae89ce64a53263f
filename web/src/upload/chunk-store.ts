/** The tablet's own copy of audio, in IndexedDB: what the box has not acknowledged, and what somebody may have to hear again. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Sealed, Vault } from "../offline/vault";
import { CHUNK_SAMPLES } from "../types";

/** One encounter that this tablet records or recorded. */
export interface LocalRecording {
  encounter: string;
  title: string;
  /** Number of the next chunk; every chunk below it was once written here. */
  next: number;
  /** The visit was ended: no chunk may be added, and the box must be told once all are sent. */
  finished: boolean;
}

/** Sealed where the tablet has a key; only a box that gives none leaves them in the clear. */
interface Chunk {
  encounter: string;
  n: number;
  samples: ArrayBuffer | Sealed;
}

type StoredRecording = Omit<LocalRecording, "title"> & { title: string | Sealed };

/** What encrypts. */
export type Sealer = Pick<Vault, "ready" | "seal" | "open">;

interface Schema extends DBSchema {
  recordings: { key: string; value: StoredRecording };
  /** What waits for the box. */
  chunks: { key: [string, number]; value: Chunk };
  /** What the box has, and this tablet needs should it hear the visit itself. */
  kept: { key: [string, number]; value: Chunk };
}

/** A chunk could not be kept on the tablet. */
export class LocalStorageError extends Error {
  override name = "LocalStorageError";
}

// "strict" waits for the disk: a number that was given out must not be given out again after a power cut.
const DURABLE = { durability: "strict" } as const;

const STORES = ["chunks", "kept"] as const;

export class ChunkStore {
  readonly #database: IDBPDatabase<Schema>;
  readonly #vault: Sealer | null;

  static async open(vault: Sealer | null, name = "chartside"): Promise<ChunkStore> {
    const database = await openDB<Schema>(name, 2, {
      upgrade(db, version) {
        if (version < 1) {
          db.createObjectStore("recordings", { keyPath: "encounter" });
          db.createObjectStore("chunks", { keyPath: ["encounter", "n"] });
        }
        db.createObjectStore("kept", { keyPath: ["encounter", "n"] });
      },
    });
    return new ChunkStore(database, vault);
  }

  private constructor(database: IDBPDatabase<Schema>, vault: Sealer | null) {
    this.#database = database;
    this.#vault = vault;
  }

  close(): void {
    this.#database.close();
  }

  /** Start to keep audio of an encounter, or go on with `next` raised to at least `next`. */
  async begin(encounter: string, title: string, next = 0): Promise<LocalRecording> {
    const kept = await this.#seal(`title/${encounter}`, new TextEncoder().encode(title), title);
    const transaction = this.#database.transaction("recordings", "readwrite", DURABLE);
    const known = await transaction.store.get(encounter);
    const recording = { encounter, next: Math.max(known?.next ?? 0, next), finished: known?.finished ?? false };
    await transaction.store.put({ ...recording, title: kept });
    await transaction.done;
    return { ...recording, title };
  }

  async recordings(): Promise<LocalRecording[]> {
    return Promise.all((await this.#database.getAll("recordings")).map((recording) => this.#titled(recording)));
  }

  async get(encounter: string): Promise<LocalRecording | undefined> {
    const recording = await this.#database.get("recordings", encounter);
    return recording && this.#titled(recording);
  }

  /**
   * Keep a chunk under the next free number. Number and chunk are written in one transaction, so no number ever has two
   * different chunks, whatever crashes.
   *
   * @returns The chunk's number.
   * @throws LocalStorageError The tablet's storage is full, or the recording is finished or gone.
   */
  async append(encounter: string, samples: ArrayBuffer): Promise<number> {
    try {
      // Its number is a part of what is encrypted; another chunk may take it meanwhile.
      for (;;) {
        const next = (await this.#database.get("recordings", encounter))?.next ?? 0;
        const n = await this.#add(encounter, next, await this.#seal(`chunk/${encounter}/${next}`, samples, samples));
        if (n !== null) return n;
      }
    } catch (error) {
      if (error instanceof LocalStorageError) throw error;
      throw new LocalStorageError("This tablet has no room to keep the audio. Free some storage, then go on.");
    }
  }

  /** Add a chunk under a number; null if the number is taken. */
  async #add(encounter: string, n: number, samples: ArrayBuffer | Sealed): Promise<number | null> {
    const transaction = this.#database.transaction(["recordings", "chunks"], "readwrite", DURABLE);
    const recordings = transaction.objectStore("recordings");
    const recording = await recordings.get(encounter);
    if (!recording || recording.finished || recording.next !== n) {
      transaction.abort();
      await transaction.done.catch(() => undefined);
      if (recording && !recording.finished) return null;
      throw new LocalStorageError("The recording was already ended on this tablet.");
    }
    await Promise.all([
      transaction.objectStore("chunks").add({ encounter, n, samples }),
      recordings.put({ ...recording, next: n + 1 }),
      transaction.done,
    ]);
    return n;
  }

  /** No chunk comes any more. */
  async finish(encounter: string): Promise<LocalRecording | undefined> {
    const transaction = this.#database.transaction("recordings", "readwrite", DURABLE);
    const recording = await transaction.store.get(encounter);
    if (recording) {
      recording.finished = true;
      await transaction.store.put(recording);
    }
    await transaction.done;
    return recording && this.#titled(recording);
  }

  /** Numbers of the chunks that wait for the box, lowest first. */
  async pending(encounter: string): Promise<number[]> {
    const keys = await this.#database.getAllKeys("chunks", allOf(encounter));
    return keys.map(([, n]) => n);
  }

  /** Number of the first chunk on this tablet, sent or not; undefined if there is none. */
  async first(encounter: string): Promise<number | undefined> {
    const keys = await Promise.all(STORES.map((store) => this.#database.getKey(store, allOf(encounter))));
    const numbers = keys.filter((key) => key !== undefined).map(([, n]) => n);
    return numbers.length > 0 ? Math.min(...numbers) : undefined;
  }

  /** The samples of a chunk, sent or not; undefined if it is not on this tablet. */
  async chunk(encounter: string, n: number): Promise<ArrayBuffer | undefined> {
    const found = await Promise.all(STORES.map((store) => this.#database.get(store, [encounter, n])));
    const samples = found.find((chunk) => chunk !== undefined)?.samples;
    return samples instanceof ArrayBuffer || !samples ? samples : this.#vault?.open(`chunk/${encounter}/${n}`, samples);
  }

  /** The box has the chunk on its disk: it waits no more, and is kept until `release`. */
  async acknowledge(encounter: string, n: number): Promise<void> {
    const transaction = this.#database.transaction(STORES, "readwrite");
    const chunk = await transaction.objectStore("chunks").get([encounter, n]);
    await Promise.all([
      transaction.objectStore("chunks").delete([encounter, n]),
      chunk && transaction.objectStore("kept").put(chunk),
      transaction.done,
    ]);
  }

  /** Turns are final up to this sample: nobody needs the chunks before it that the box has. */
  async release(encounter: string, committed: number): Promise<void> {
    const needed = Math.floor(committed / CHUNK_SAMPLES);
    if (needed > 0) await this.#database.delete("kept", IDBKeyRange.bound([encounter, 0], [encounter, needed], false, true));
  }

  /** Delete everything about an encounter from the tablet. */
  async forget(encounter: string): Promise<void> {
    const transaction = this.#database.transaction(["recordings", ...STORES], "readwrite", DURABLE);
    await Promise.all([
      transaction.objectStore("recordings").delete(encounter),
      ...STORES.map((store) => transaction.objectStore(store).delete(allOf(encounter))),
      transaction.done,
    ]);
  }

  /** Delete everything. */
  async clear(): Promise<void> {
    const stores = ["recordings", ...STORES] as const;
    const transaction = this.#database.transaction(stores, "readwrite", DURABLE);
    await Promise.all([...stores.map((store) => transaction.objectStore(store).clear()), transaction.done]);
  }

  async #seal<T>(binding: string, plain: BufferSource, clear: T): Promise<T | Sealed> {
    return this.#vault?.ready ? this.#vault.seal(binding, plain) : clear;
  }

  async #titled(recording: StoredRecording): Promise<LocalRecording> {
    const { encounter, title } = recording;
    if (typeof title === "string") return { ...recording, title };
    const opened = await this.#vault?.open(`title/${encounter}`, title).catch(() => undefined);
    return { ...recording, title: opened ? new TextDecoder().decode(opened) : "Visit" };
  }
}

const allOf = (encounter: string): IDBKeyRange => IDBKeyRange.bound([encounter, 0], [encounter, Infinity]);
