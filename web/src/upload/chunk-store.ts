/** The tablet's own copy of audio that the box has not acknowledged yet, in IndexedDB. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

/** One encounter that this tablet records or recorded. */
export interface LocalRecording {
  encounter: string;
  title: string;
  /** Number of the next chunk; every chunk below it was once written here. */
  next: number;
  /** The visit was ended: no chunk may be added, and the box must be told once all are sent. */
  finished: boolean;
}

interface Schema extends DBSchema {
  recordings: { key: string; value: LocalRecording };
  chunks: { key: [string, number]; value: { encounter: string; n: number; samples: ArrayBuffer } };
}

/** A chunk could not be kept on the tablet. */
export class LocalStorageError extends Error {
  override name = "LocalStorageError";
}

// "strict" waits for the disk: a number that was given out must not be given out again after a power cut.
const DURABLE = { durability: "strict" } as const;

export class ChunkStore {
  readonly #database: IDBPDatabase<Schema>;

  static async open(name = "chartside"): Promise<ChunkStore> {
    const database = await openDB<Schema>(name, 1, {
      upgrade(db) {
        db.createObjectStore("recordings", { keyPath: "encounter" });
        db.createObjectStore("chunks", { keyPath: ["encounter", "n"] });
      },
    });
    return new ChunkStore(database);
  }

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  close(): void {
    this.#database.close();
  }

  /** Start to keep audio of an encounter, or go on with `next` raised to at least `next`. */
  async begin(encounter: string, title: string, next = 0): Promise<LocalRecording> {
    const transaction = this.#database.transaction("recordings", "readwrite", DURABLE);
    const known = await transaction.store.get(encounter);
    const recording = known
      ? { ...known, title, next: Math.max(known.next, next) }
      : { encounter, title, next, finished: false };
    await transaction.store.put(recording);
    await transaction.done;
    return recording;
  }

  recordings(): Promise<LocalRecording[]> {
    return this.#database.getAll("recordings");
  }

  get(encounter: string): Promise<LocalRecording | undefined> {
    return this.#database.get("recordings", encounter);
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
      const transaction = this.#database.transaction(["recordings", "chunks"], "readwrite", DURABLE);
      const recordings = transaction.objectStore("recordings");
      const recording = await recordings.get(encounter);
      if (!recording || recording.finished) {
        transaction.abort();
        await transaction.done.catch(() => undefined);
        throw new LocalStorageError("The recording was already ended on this tablet.");
      }
      const n = recording.next;
      await Promise.all([
        transaction.objectStore("chunks").add({ encounter, n, samples }),
        recordings.put({ ...recording, next: n + 1 }),
        transaction.done,
      ]);
      return n;
    } catch (error) {
      if (error instanceof LocalStorageError) throw error;
      throw new LocalStorageError("This tablet has no room to keep the audio. Free some storage, then go on.");
    }
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
    return recording;
  }

  /** Numbers of the chunks that are kept, lowest first. */
  async pending(encounter: string): Promise<number[]> {
    const keys = await this.#database.getAllKeys("chunks", allOf(encounter));
    return keys.map(([, n]) => n);
  }

  async chunk(encounter: string, n: number): Promise<ArrayBuffer | undefined> {
    return (await this.#database.get("chunks", [encounter, n]))?.samples;
  }

  /** The box has the chunk on its disk: the tablet's copy may go. */
  async acknowledge(encounter: string, n: number): Promise<void> {
    await this.#database.delete("chunks", [encounter, n]);
  }

  /** Delete everything about an encounter from the tablet. */
  async forget(encounter: string): Promise<void> {
    const transaction = this.#database.transaction(["recordings", "chunks"], "readwrite", DURABLE);
    await Promise.all([
      transaction.objectStore("recordings").delete(encounter),
      transaction.objectStore("chunks").delete(allOf(encounter)),
      transaction.done,
    ]);
  }
}

const allOf = (encounter: string): IDBKeyRange => IDBKeyRange.bound([encounter, 0], [encounter, Infinity]);
