/** Encrypts what this tablet keeps of patients, under the key that the box gave it when it was paired. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

const ALGORITHM = "AES-GCM";
const IV_BYTES = 12;

/** Something encrypted: with which key, and bound to what it is. */
export interface Sealed {
  key: string;
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

interface HeldKey {
  /** The start of the SHA-256 of the key. */
  id: string;
  key: CryptoKey;
  /** Keys are counted: the last one encrypts. */
  order: number;
}

interface Schema extends DBSchema {
  keys: { key: string; value: HeldKey };
}

/** What was kept does not open: it was changed, or its key is gone. */
export class VaultError extends Error {
  override name = "VaultError";
}

export class Vault {
  readonly #database: IDBPDatabase<Schema>;
  #keys = new Map<string, HeldKey>();

  static async open(name = "chartside-keys"): Promise<Vault> {
    const vault = new Vault(
      await openDB<Schema>(name, 1, { upgrade: (db) => void db.createObjectStore("keys", { keyPath: "id" }) }),
    );
    await vault.#reload();
    return vault;
  }

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  close(): void {
    this.#database.close();
  }

  /** Whether something can be encrypted. */
  get ready(): boolean {
    return this.#keys.size > 0;
  }

  /** Another tab may have got a key. */
  async #reload(): Promise<void> {
    this.#keys = new Map((await this.#database.getAll("keys")).map((held) => [held.id, held]));
  }

  /**
   * Encrypt under this key from now on. Earlier ones stay, for what they encrypted: a tablet that moves to another room gets
   * another key.
   *
   * @param bytes 32 bytes; they cannot be read out of the browser's key store again.
   */
  async adopt(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const id = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const newest = this.#newest();
    if (newest?.id === id) return;
    const key = await crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["encrypt", "decrypt"]);
    const held = { id, key, order: (newest?.order ?? 0) + 1 };
    await this.#database.put("keys", held);
    this.#keys.set(id, held);
  }

  /**
   * Encrypt.
   *
   * @param binding What it is, such as `visit/<id>`; it opens as nothing else.
   * @throws VaultError There is no key.
   */
  async seal(binding: string, plain: BufferSource): Promise<Sealed> {
    const newest = this.#newest();
    if (!newest) throw new VaultError("This tablet has no key to encrypt with.");
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const bytes = await crypto.subtle.encrypt({ name: ALGORITHM, iv, additionalData: bound(binding) }, newest.key, plain);
    return { key: newest.id, iv, bytes };
  }

  /**
   * Decrypt what `seal` gave for the same binding.
   *
   * @throws VaultError It was changed, belongs to something else, or its key is gone.
   */
  async open(binding: string, { key, iv, bytes }: Sealed): Promise<ArrayBuffer> {
    if (!this.#keys.has(key)) await this.#reload();
    const held = this.#keys.get(key);
    if (!held) throw new VaultError("The key of what is kept on this tablet is gone.");
    try {
      return await crypto.subtle.decrypt({ name: ALGORITHM, iv, additionalData: bound(binding) }, held.key, bytes);
    } catch {
      throw new VaultError("What is kept on this tablet was changed and does not open.");
    }
  }

  /** Destroy all keys: nothing that they encrypted opens ever again. */
  async shred(): Promise<void> {
    this.#keys.clear();
    const transaction = this.#database.transaction("keys", "readwrite", { durability: "strict" });
    await transaction.store.clear();
    await transaction.done;
  }

  #newest(): HeldKey | undefined {
    return [...this.#keys.values()].sort((a, b) => b.order - a.order)[0];
  }
}

const bound = (binding: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`chartside/1 ${binding}`);
