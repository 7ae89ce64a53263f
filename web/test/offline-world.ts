/** What the parts of offline work stand on, where there is no browser: locks that do what the browser's do. */

import "fake-indexeddb/auto";

import { LocalBox } from "../src/offline/local-box";
import { LocalVisits } from "../src/offline/local-visits";
import type { Rules } from "../src/offline/rules";
import { Vault } from "../src/offline/vault";
import { ChunkStore } from "../src/upload/chunk-store";
import type { Note, Turn } from "../src/types";

const held = new Map<string, Promise<unknown>>();

const locks = {
  request(name: string, work: () => Promise<unknown>): Promise<unknown> {
    const next = (held.get(name) ?? Promise.resolve()).then(work);
    held.set(name, next.catch(() => undefined));
    return next;
  },
};

Object.defineProperty(globalThis, "navigator", { configurable: true, value: { locks } });

export const KEY = new Uint8Array(32).fill(7);

export interface World {
  vault: Vault;
  visits: LocalVisits;
  chunks: ChunkStore;
  box: LocalBox;
  name: string;
  close(): void;
}

/** A tablet; with a name, one that was there before. */
export async function world(name = `test-${Math.random()}`, rules: Partial<Rules> = {}): Promise<World> {
  const vault = await Vault.open(`${name}-keys`);
  if (!vault.ready) await vault.adopt(KEY);
  const visits = await LocalVisits.open(vault, `${name}-visits`);
  const chunks = await ChunkStore.open(vault, `${name}-chunks`);
  const close = () => {
    vault.close();
    visits.close();
    chunks.close();
  };
  return { vault, visits, chunks, box: new LocalBox(visits, chunks, { ...NO_RULES, ...rules }), name, close };
}

const noRules = (): Promise<never> => Promise.reject(new Error("There is no engine here."));

const NO_RULES: Rules = { check: noRules, propose: noRules, correct: noRules };

export const ID = "0123456789abcdef0123456789abcdef";

export const turn = (text: string, n: number): Turn => ({ text, start: n, end: n + 1, words: [], speaker: "unknown" });

/** Rules that find one drug, wherever "met 4,500" was heard. */
export const HEARS_METFORMIN: Pick<Rules, "propose" | "correct"> = {
  propose: async (turns, first) =>
    turns.flatMap(({ text }, n) =>
      text.includes("met 4,500") ? [{ turn: first + n, first: 1, last: 2, said: "met 4,500", drug: "metformin 500", state: "accepted" }] : [],
    ),
  correct: async (turns, proposals) =>
    turns.map((turn, n) =>
      proposals.some((found) => found.turn === n && found.state === "accepted")
        ? { ...turn, text: turn.text.replace("met 4,500", "metformin 500") }
        : turn,
    ),
};

export const final = (text: string, n: number): { name: string; data: unknown } => ({
  name: "final",
  data: { turn: turn(text, n), committed: (n + 1) * 16_000, voice: null },
});

export const note = (plan: string): Note => ({
  template: "soap",
  sections: [{ name: "plan", title: "Plan", text: plan, sentences: [], edited: false }],
  stamp: { bundle: "b", model: "m", adapter: "none", strategy: "topics", prompt: "", software: "", caution: "" },
  notice: "Draft.",
});

/** Every byte that a database holds, as text: what a thief with the disk would search. */
export async function bytesOf(...databases: string[]): Promise<string> {
  const texts: string[] = [];
  for (const name of databases) {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of db.objectStoreNames) {
      const values = await new Promise<unknown[]>((resolve) => {
        const request = db.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result as unknown[]);
      });
      texts.push(values.map(asText).join(""));
    }
    db.close();
  }
  return texts.join("");
}

function asText(value: unknown): string {
  if (value instanceof ArrayBuffer) return new TextDecoder("latin1").decode(value);
  if (ArrayBuffer.isView(value)) return new TextDecoder("latin1").decode(value);
  if (value && typeof value === "object") return Object.values(value).map(asText).join("");
  return String(value);
}
