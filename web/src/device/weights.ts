/** The box's models in the tablet's own storage (OPFS): fetched once, resumed, checked, and removed when the box has newer ones. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { recall, remember } from "../offline/known";
import type { Progress } from "./messages";
import { DeviceError } from "./problem";

/** What `GET /api/models` answers. */
export interface Models {
  bundle: string;
  /** The bundle's `bundle.json`, as it is. */
  manifest: string;
  files: ModelFile[];
}

export type ModelName = "note" | "speech";

export interface ModelFile {
  /** Such as `model.onnx`; no two files have the same. */
  name: string;
  model: ModelName;
  sha256: string;
  bytes: number;
}

const DIRECTORY = "models";
const PART = ".part";
const PIECE = 1 << 20;
const PROGRESS_MS = 250;
/** Attempts without a single new byte before the box counts as gone. */
const ATTEMPTS = 4;
const WAIT_MS = 500;
/** Longest wait for the list of models: a box without power does not even refuse. */
const LIST_MS = 8_000;

/** What workers have in every browser with OPFS, and TypeScript's library for pages lacks. */
type Stored = FileSystemFileHandle & { move(name: string): Promise<void>; createSyncAccessHandle(): Promise<Part> };

interface Part {
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** The models of the box, or while it is away those that it had. */
export async function listModels(): Promise<Models> {
  try {
    const response = await ask("/api/models", { signal: AbortSignal.timeout(LIST_MS) });
    const models = (await response.json()) as Models;
    await remember("models", models);
    return models;
  } catch (error) {
    // The box said no, or it is away: then the models that it had last are the right ones.
    const known = error instanceof DeviceError ? undefined : await recall<Models>("models");
    if (!known) throw error;
    return known;
  }
}

export class Weights {
  readonly #directory: FileSystemDirectoryHandle;

  private constructor(directory: FileSystemDirectoryHandle) {
    this.#directory = directory;
  }

  static async open(): Promise<Weights> {
    const root = await navigator.storage.getDirectory();
    return new Weights(await root.getDirectoryHandle(DIRECTORY, { create: true }));
  }

  /** Fetch what is missing of a model; what the box no longer has is removed. Only one tab at a time does it. */
  async fetch(models: Models, model: ModelName, report: (progress: Progress) => void): Promise<void> {
    await navigator.locks.request("chartside-models", async () => {
      const missing: ModelFile[] = [];
      for (const file of models.files) if (file.model === model && !(await this.#has(file))) missing.push(file);
      await this.#makeRoom(models, missing);
      const pace = new Pace(missing.reduce((sum, file) => sum + file.bytes, 0), report);
      for (const file of missing) await this.#fetchFile(file, pace);
    });
  }

  /**
   * The content of a file, compared with its SHA-256.
   *
   * @throws DeviceError It is missing or damaged; a damaged file is removed, so that it is fetched again.
   */
  async read(file: ModelFile): Promise<Uint8Array<ArrayBuffer>> {
    const handle = await this.#directory.getFileHandle(file.sha256);
    const content = await (await handle.getFile()).arrayBuffer();
    const digest = bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", content)));
    if (digest !== file.sha256) {
      await this.#directory.removeEntry(file.sha256);
      throw new DeviceError(`The stored ${file.name} is damaged.`, "Load the models again; the damaged file was removed.");
    }
    return new Uint8Array(content);
  }

  async #has(file: ModelFile): Promise<boolean> {
    try {
      const handle = await this.#directory.getFileHandle(file.sha256);
      return (await handle.getFile()).size === file.bytes;
    } catch {
      return false;
    }
  }

  /** Remove what the box no longer has, and see that the rest fits. */
  async #makeRoom(models: Models, missing: ModelFile[]): Promise<void> {
    const wanted = new Set(models.files.flatMap((file) => [file.sha256, file.sha256 + PART]));
    for await (const name of this.#directory.keys()) if (!wanted.has(name)) await this.#directory.removeEntry(name);
    let needed = 0;
    for (const file of missing) needed += file.bytes - (await this.#partBytes(file));
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    if (needed > quota - usage) {
      const [need, room] = [needed, quota - usage].map((bytes) => Math.ceil(Math.max(0, bytes) / 1e6));
      throw new DeviceError(`The models need ${need} MB, and this tablet has ${room} MB left.`, "Free some storage, or use the box.");
    }
  }

  async #partBytes(file: ModelFile): Promise<number> {
    try {
      return (await (await this.#directory.getFileHandle(file.sha256 + PART)).getFile()).size;
    } catch {
      return 0;
    }
  }

  async #fetchFile(file: ModelFile, pace: Pace): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const handle = (await this.#directory.getFileHandle(file.sha256 + PART, { create: true })) as Stored;
      const part = await handle.createSyncAccessHandle();
      const before = part.getSize();
      let digest = "";
      try {
        digest = await resume(file, part, pace);
      } catch (error) {
        if (error instanceof DeviceError || error instanceof DOMException) throw error;
        if (part.getSize() > before) attempt = 0;
        if (attempt >= ATTEMPTS) {
          throw new DeviceError("The box cannot be reached.", "Load the models again; what has come stays here.");
        }
      } finally {
        part.flush();
        part.close();
      }
      if (digest === file.sha256) {
        await handle.move(file.sha256);
        return;
      }
      if (digest) {
        // Whole, and not what it should be: nothing of it can be used.
        await this.#directory.removeEntry(file.sha256 + PART);
        pace.restart(file.bytes);
        if (attempt >= ATTEMPTS) throw new DeviceError(`The box sends a damaged ${file.name}.`, "Run `chartside doctor` on the box.");
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS * attempt));
    }
  }
}

/** Append what is missing of a file; returns the SHA-256 of the whole. */
async function resume(file: ModelFile, part: Part, pace: Pace): Promise<string> {
  if (part.getSize() > file.bytes) part.truncate(0);
  let hash = sha256.create();
  let at = 0;
  const piece = new Uint8Array(PIECE);
  for (let read = part.read(piece, { at }); read > 0; read = part.read(piece, { at })) {
    hash.update(piece.subarray(0, read));
    at += read;
  }
  pace.came(at);
  if (at < file.bytes) {
    const response = await ask(`/api/models/${file.sha256}`, at ? { headers: { Range: `bytes=${at}-` } } : {});
    if (at && response.status !== 206) {
      // The whole file comes instead of the rest.
      hash = sha256.create();
      pace.restart(at);
      part.truncate((at = 0));
    }
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
      if (at + bytes.byteLength > file.bytes) break;
      part.write(bytes, { at });
      hash.update(bytes);
      at += bytes.byteLength;
      pace.came(bytes.byteLength);
    }
    if (at < file.bytes) throw new TypeError("The connection ended early.");
  }
  return bytesToHex(hash.digest());
}

async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, options);
  if (response.ok) return response;
  const problem = (await response.json().catch(() => null)) as { detail?: string; hint?: string } | null;
  throw new DeviceError(problem?.detail ?? `The box answered ${response.status}.`, problem?.hint ?? "Run `chartside doctor` on the box.");
}

/** Counts bytes and says now and then how far it is. */
class Pace {
  readonly #total: number;
  readonly #report: (progress: Progress) => void;
  readonly #began = performance.now();
  #done = 0;
  #shown = 0;

  constructor(total: number, report: (progress: Progress) => void) {
    this.#total = total;
    this.#report = report;
  }

  came(bytes: number): void {
    this.#done += bytes;
    const now = performance.now();
    if (now - this.#shown < PROGRESS_MS && this.#done < this.#total) return;
    this.#shown = now;
    const pace = this.#done / Math.max(1, now - this.#began);
    const left = pace > 0 ? (this.#total - this.#done) / pace / 1000 : null;
    this.#report({ done: this.#done, total: this.#total, left });
  }

  /** So many bytes have to come again. */
  restart(bytes: number): void {
    this.#done -= bytes;
  }
}
