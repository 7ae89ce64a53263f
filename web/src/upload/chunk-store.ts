/**
 * The tablet's own copy of audio, in IndexedDB: what the box has not acknowledged, what somebody may have to hear again, and how
 * the visit stood on the box up to there.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Sealed, Vault } from "../offline/vault";
import { CHUNK_SAMPLES, type Encounter } from "../types";

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
  /** The visit as the box told it last, sealed, for as long as its audio is here. */
  seen: { key: [string, number]; value: { encounter: string; committed: number; sealed: Sealed } };
}

/** A chunk could not be kept on the tablet. */
export class LocalStorageError extends Error {
  override name = "LocalStorageError";
}

// "strict" waits for the disk: a number that was given out must not be given out again after a power cut.
const DURABLE = { durability: "strict" } as const;

const AUDIO = ["chunks", "kept"] as const;
/** With the encounter first in their keys. */
const OF_ENCOUNTERS = ["seen", ...AUDIO] as const;
const STORES = ["recordings", ...OF_ENCOUNTERS] as const;
const VERSION = 3;

export class ChunkStore {
  readonly #database: IDBPDatabase<Schema>;
  readonly #vault: Sealer | null;
  /** By encounter, the sample up to which turns were final at the last `release`. */
  readonly #committed = new Map<string, number>();

  static async open(vault: Sealer | null, name = "chartside"): Promise<ChunkStore> {
    const database = await openDB<Schema>(name, VERSION, {
      // A newer page in another tab waits for this one to let go.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
      upgrade(db, version) {
        if (version < 1) {
          db.createObjectStore("recordings", { keyPath: "encounter" });
          db.createObjectStore("chunks", { keyPath: ["encounter", "n"] });
        }
        if (version < 2) db.createObjectStore("kept", { keyPath: ["encounter", "n"] });
        db.createObjectStore("seen", { keyPath: ["encounter", "committed"] });
      },
    }).catch((error: unknown) => {
      // The box went back to an older version, whose page this is: stores are only ever added.
      if (error instanceof DOMException && error.name === "VersionError") return openDB<Schema>(name);
      throw error;
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
      return await this.#append(encounter, samples).catch(async (error: unknown) => {
        if (error instanceof LocalStorageError) throw error;
        // Rather the recording than what only a tablet would need that goes on with the visit from where it saw it last.
        await this.unsee(encounter);
        await this.release(encounter, this.#committed.get(encounter) ?? 0);
        return this.#append(encounter, samples);
      });
    } catch (error) {
      if (error instanceof LocalStorageError) throw error;
      throw new LocalStorageError("This tablet has no room to keep the audio. Free some storage, then go on.");
    }
  }

  /** Its number is a part of what is encrypted; another chunk may take it meanwhile. */
  async #append(encounter: string, samples: ArrayBuffer): Promise<number> {
    for (;;) {
      const next = (await this.#database.get("recordings", encounter))?.next ?? 0;
      const n = await this.#add(encounter, next, await this.#seal(`chunk/${encounter}/${next}`, samples, samples));
      if (n !== null) return n;
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
    const keys = await Promise.all(AUDIO.map((store) => this.#database.getKey(store, allOf(encounter))));
    const numbers = keys.filter((key) => key !== undefined).map(([, n]) => n);
    return numbers.length > 0 ? Math.min(...numbers) : undefined;
  }

  /** The samples of a chunk, sent or not; undefined if it is not on this tablet. */
  async chunk(encounter: string, n: number): Promise<ArrayBuffer | undefined> {
    const found = await Promise.all(AUDIO.map((store) => this.#database.get(store, [encounter, n])));
    const samples = found.find((chunk) => chunk !== undefined)?.samples;
    return samples instanceof ArrayBuffer || !samples ? samples : this.#vault?.open(`chunk/${encounter}/${n}`, samples);
  }

  /** The box has the chunk on its disk: it waits no more, and is kept until `release`. */
  async acknowledge(encounter: string, n: number): Promise<void> {
    const transaction = this.#database.transaction(AUDIO, "readwrite");
    const chunk = await transaction.objectStore("chunks").get([encounter, n]);
    await Promise.all([
      transaction.objectStore("chunks").delete([encounter, n]),
      chunk && transaction.objectStore("kept").put(chunk),
      transaction.done,
    ]);
  }

  /**
   * Turns are final up to this sample: nobody needs the chunks before it that the box has. If this tablet has seen the visit only
   * up to an earlier one, it would have to go on from there.
   */
  async release(encounter: string, committed: number): Promise<void> {
    this.#committed.set(encounter, committed);
    const transaction = this.#database.transaction(["seen", "kept"], "readwrite");
    const [, seen] = (await transaction.objectStore("seen").getKey(allOf(encounter))) ?? ["", committed];
    await transaction.objectStore("kept").delete(before(encounter, chunkAt(Math.min(committed, seen))));
    await transaction.done;
  }

  /**
   * Keep what the box tells of a visit, so that this tablet can go on with it. Nothing is kept without a key or without audio, and
   * nothing that audio which was already released would have to follow.
   */
  async see(visit: Encounter): Promise<void> {
    const { id, committed } = visit;
    if (!this.#vault?.ready || !(await this.#database.getKey("recordings", id))) return;
    const sealed = await this.#vault.seal(`seen/${id}`, new TextEncoder().encode(JSON.stringify(visit)));
    try {
      await this.#keepSeen({ encounter: id, committed, sealed });
      await this.release(id, committed);
    } catch {
      // A full tablet: the audio needs the room more than this does.
      await this.unsee(id);
    }
  }

  async #keepSeen(seen: { encounter: string; committed: number; sealed: Sealed }): Promise<void> {
    const { encounter, committed } = seen;
    const transaction = this.#database.transaction(STORES, "readwrite");
    const store = transaction.objectStore("seen");
    const recording = await transaction.objectStore("recordings").get(encounter);
    const keys = await Promise.all(AUDIO.map((name) => transaction.objectStore(name).getKey(allOf(encounter))));
    const later = await store.getKey(IDBKeyRange.lowerBound([encounter, committed], true));
    const first = Math.min(recording?.next ?? 0, ...keys.flatMap((key) => key?.[1] ?? []));
    if (recording && first <= chunkAt(committed) && later?.[0] !== encounter) {
      await Promise.all([store.delete(before(encounter, committed)), store.put(seen)]);
    }
    await transaction.done;
  }

  /** The visit as the box told it last; undefined if that is not kept. */
  async seen(encounter: string): Promise<Encounter | undefined> {
    const found = await this.#database.get("seen", allOf(encounter));
    const opened = found && (await this.#vault?.open(`seen/${encounter}`, found.sealed));
    return opened && (JSON.parse(new TextDecoder().decode(opened)) as Encounter);
  }

  /** Delete what the box told of a visit. */
  async unsee(encounter: string): Promise<void> {
    await this.#database.delete("seen", allOf(encounter));
  }

  /** Delete everything about an encounter from the tablet. */
  async forget(encounter: string): Promise<void> {
    const transaction = this.#database.transaction(STORES, "readwrite", DURABLE);
    this.#committed.delete(encounter);
    await Promise.all([
      transaction.objectStore("recordings").delete(encounter),
      ...OF_ENCOUNTERS.map((store) => transaction.objectStore(store).delete(allOf(encounter))),
      transaction.done,
    ]);
  }

  /** Delete everything. */
  async clear(): Promise<void> {
    const transaction = this.#database.transaction(STORES, "readwrite", DURABLE);
    await Promise.all([...STORES.map((store) => transaction.objectStore(store).clear()), transaction.done]);
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

const before = (encounter: string, n: number): IDBKeyRange => IDBKeyRange.bound([encounter], [encounter, n], false, true);

/** Number of the chunk that a sample is in. */
const chunkAt = (sample: number): number => Math.floor(sample / CHUNK_SAMPLES);
