/** The visits on this tablet that the box does not have, or not all of: encrypted in IndexedDB, the same for all tabs. */

import { signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { EncounterEvent } from "../encounter/state";
import type { Summary } from "../types";
import { LocalStorageError } from "../upload/chunk-store";
import { type LocalVisit, newVisit, summaryOf } from "./local-visit";
import type { Sealed, Vault } from "./vault";

interface Schema extends DBSchema {
  visits: { key: string; value: { id: string; sealed: Sealed } };
}

/** What tabs tell each other. */
interface Told {
  id: string;
  events: EncounterEvent[];
  /** The visit came or went. */
  moved: boolean;
}

type Listener = (told: Told) => void;

const DURABLE = { durability: "strict" } as const;

export class LocalVisits {
  /** For the list, newest first. */
  readonly summaries = signal<Summary[]>([]);
  readonly #database: IDBPDatabase<Schema>;
  readonly #vault: Vault;
  readonly #tabs: BroadcastChannel;
  readonly #listeners = new Set<Listener>();
  #ids: ReadonlySet<string> = new Set();
  #listing: Promise<void> = Promise.resolve();

  static async open(vault: Vault, name = "chartside-visits"): Promise<LocalVisits> {
    const database = await openDB<Schema>(name, 1, { upgrade: (db) => void db.createObjectStore("visits", { keyPath: "id" }) });
    const visits = new LocalVisits(database, vault, name);
    await visits.#list();
    return visits;
  }

  private constructor(database: IDBPDatabase<Schema>, vault: Vault, name: string) {
    this.#database = database;
    this.#vault = vault;
    this.#tabs = new BroadcastChannel(name);
    this.#tabs.onmessage = ({ data }: MessageEvent<Told>) => void this.#list().then(() => this.#tell(data));
  }

  close(): void {
    this.#tabs.close();
    this.#database.close();
  }

  /** Whether a visit is kept here. One that was deleted here is, until the box knows. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Of all visits that are kept here. */
  get ids(): string[] {
    return [...this.#ids];
  }

  /** @throws VaultError It does not open. */
  async read(id: string): Promise<LocalVisit | undefined> {
    const found = await this.#database.get("visits", id);
    if (!found) return undefined;
    const plain = await this.#vault.open(`visit/${id}`, found.sealed);
    const kept = JSON.parse(new TextDecoder().decode(plain)) as LocalVisit;
    // An earlier version of the page kept less of a visit.
    return { ...newVisit(id, kept.title, kept.template, new Date(kept.created)), ...kept };
  }

  /**
   * Keep a new visit; one that is here already stays as it is.
   *
   * @throws LocalStorageError The tablet's storage is full.
   * @throws VaultError There is no key to encrypt with.
   */
  async add(visit: LocalVisit): Promise<void> {
    await locked(visit.id, async () => {
      if (!(await this.#database.getKey("visits", visit.id))) await this.#write(visit);
    });
    await this.#publish({ id: visit.id, events: [], moved: true });
  }

  /**
   * Change a visit, all or nothing, one change after another in all tabs.
   *
   * @param edit Changes the visit that it gets and returns what that means for who looks at it.
   * @returns The changed visit; undefined if it is not here any more.
   */
  async change(id: string, edit: (visit: LocalVisit) => EncounterEvent[]): Promise<LocalVisit | undefined> {
    let events: EncounterEvent[] = [];
    const changed = await locked(id, async () => {
      const visit = await this.read(id);
      if (!visit) return undefined;
      events = edit(visit);
      await this.#write(visit);
      return visit;
    });
    if (changed) await this.#publish({ id, events, moved: false });
    return changed;
  }

  /** Show something that is not kept. */
  show(id: string, events: EncounterEvent[]): void {
    const told = { id, events, moved: false };
    this.#tabs.postMessage(told);
    this.#tell(told);
  }

  /** Delete a visit from the tablet, if `condition` holds for how it stands; returns whether it is gone. */
  async remove(id: string, condition: (visit: LocalVisit) => boolean = () => true): Promise<boolean> {
    const removed = await locked(id, async () => {
      const visit = await this.read(id);
      if (visit && !condition(visit)) return false;
      const transaction = this.#database.transaction("visits", "readwrite", DURABLE);
      await transaction.store.delete(id);
      await transaction.done;
      return true;
    });
    if (removed) await this.#publish({ id, events: [], moved: true });
    return removed;
  }

  /** Delete everything. */
  async clear(): Promise<void> {
    const transaction = this.#database.transaction("visits", "readwrite", DURABLE);
    await transaction.store.clear();
    await transaction.done;
    await this.#list();
  }

  /** Be told of every change, in this tab or another; returns how to end that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #write(visit: LocalVisit): Promise<void> {
    visit.updated = new Date().toISOString();
    const sealed = await this.#vault.seal(`visit/${visit.id}`, new TextEncoder().encode(JSON.stringify(visit)));
    try {
      const transaction = this.#database.transaction("visits", "readwrite", DURABLE);
      await Promise.all([transaction.store.put({ id: visit.id, sealed }), transaction.done]);
    } catch {
      throw new LocalStorageError("This tablet has no room to keep the visit. Free some storage; what was kept before is safe.");
    }
  }

  async #publish(told: Told): Promise<void> {
    await this.#list();
    this.#tabs.postMessage(told);
    this.#tell(told);
  }

  #tell(told: Told): void {
    for (const listener of [...this.#listeners]) listener(told);
  }

  /** One reading after another: an older one must not have the last word. */
  #list(): Promise<void> {
    this.#listing = this.#listing.catch(() => undefined).then(() => this.#readAll());
    return this.#listing;
  }

  async #readAll(): Promise<void> {
    const found: Summary[] = [];
    const ids = await this.#database.getAllKeys("visits");
    for (const id of ids) {
      // One that does not open is of no use to anybody; its audio may still go to the box.
      const visit = await this.read(id).catch(() => undefined);
      if (visit && !visit.deleted) found.push(summaryOf(visit));
    }
    this.#ids = new Set(ids);
    this.summaries.value = found.sort((a, b) => b.created.localeCompare(a.created));
  }
}

function locked<T>(id: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`chartside-visit-${id}`, work) as Promise<T>;
}
