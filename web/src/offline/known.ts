/** What the box said last about itself, kept for the time when it is away. Nothing of a patient belongs here: it is not encrypted. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

interface Schema extends DBSchema {
  facts: { key: string; value: unknown };
}

/** `status`: what `GET /api/status` answered; `models`: what `GET /api/models` answered. */
export type Fact = "status" | "models";

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("chartside-known", 1, { upgrade: (db) => void db.createObjectStore("facts") });
  return opened;
}

export async function remember(fact: Fact, value: unknown): Promise<void> {
  await (await database()).put("facts", value, fact);
}

/** What was remembered last; undefined if nothing was. */
export async function recall<T>(fact: Fact): Promise<T | undefined> {
  return (await (await database()).get("facts", fact)) as T | undefined;
}
