/** The kiosk's HTTP API, one function per request. */

import {
  type Addendum,
  type Block,
  CHUNK_MEDIA_TYPE,
  type Checked,
  type ChunkReceipt,
  type Encounter,
  type OldVersion,
  type ProblemDocument,
  type Proposal,
  type SavedNote,
  type SectionEdit,
  type Signature,
  type Speaker,
  type Status,
  type Summary,
  type VersionEntry,
} from "./types";

/** Longest wait for an answer. */
const TIMEOUT_MS = 20_000;

/** A request that failed: the kiosk said no, or it could not be reached (`status` 0). */
export class RequestError extends Error {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
  /** What stands in the way of signing, where that was asked. */
  readonly blocks: Block[];

  constructor(status: number, problem: ProblemDocument & { blocks?: Block[] }) {
    super(problem.detail);
    this.name = "RequestError";
    this.status = status;
    this.title = problem.title;
    this.hint = problem.hint;
    this.blocks = problem.blocks ?? [];
  }

  /** The same request may succeed later, unchanged. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The words for any error, as a sentence a clinician can read. */
export function explain(error: unknown): string {
  if (error instanceof RequestError) return [error.message, error.hint].filter(Boolean).join(" ");
  return error instanceof Error ? error.message : String(error);
}

export const getStatus = (): Promise<Status> => request("GET", "/api/status");

export const listEncounters = (): Promise<Summary[]> => request("GET", "/api/encounters");

export const createEncounter = (title: string, template: string): Promise<Encounter> =>
  request("POST", "/api/encounters", { title, template });

export const getEncounter = (id: string): Promise<Encounter> => request("GET", encounterPath(id));

export const changeEncounter = (id: string, change: { title?: string; paused?: boolean }): Promise<Encounter> =>
  request("PATCH", encounterPath(id), change);

export const deleteEncounter = (id: string): Promise<void> => request("DELETE", encounterPath(id));

export const finishEncounter = (id: string, chunks: number): Promise<Encounter> =>
  request("POST", `${encounterPath(id)}/finish`, { chunks });

export const writeNoteAgain = (id: string): Promise<void> => request("POST", `${encounterPath(id)}/note`);

/** Write one section again; the others stay and can be edited meanwhile. */
export const writeSectionAgain = (id: string, name: string): Promise<Encounter> =>
  request("POST", `${encounterPath(id)}/note/sections/${encodeURIComponent(name)}`);

export const listVersions = (id: string): Promise<VersionEntry[]> => request("GET", `${encounterPath(id)}/note/versions`);

export const getVersion = (id: string, version: number): Promise<OldVersion> =>
  request("GET", `${encounterPath(id)}/note/versions/${version}`);

export const getCheck = (id: string): Promise<Checked> => request("GET", `${encounterPath(id)}/check`);

export const dismissOmission = (id: string, k: number, reason: string, version: number): Promise<Checked> =>
  request("POST", `${encounterPath(id)}/omissions/${k}/dismiss`, { reason, version });

export const restoreOmission = (id: string, k: number, version: number): Promise<Checked> =>
  request("POST", `${encounterPath(id)}/omissions/${k}/restore`, { version });

/** Sign a version of the note. Refused with `RequestError.blocks` while something stands in the way. */
export const signNote = (id: string, version: number, signer: string, overrides: SignOverride[]): Promise<Signature> =>
  request("POST", `${encounterPath(id)}/sign`, { version, signer, overrides });

export type SignOverride = Pick<Block, "section" | "sentence"> & { reason: string };

export const addAddendum = (id: string, text: string, signer: string): Promise<Addendum> =>
  request("POST", `${encounterPath(id)}/addenda`, { text, signer });

/** The note as plain text; once it is signed, the signed text and its addenda. */
export const getNoteText = (id: string): Promise<string> => answer(`${encounterPath(id)}/note.txt`, { method: "GET" }, String);

export const setSpeaker = (id: string, n: number, speaker: Speaker): Promise<unknown> =>
  request("PATCH", `${encounterPath(id)}/turns/${n}`, { speaker });

export const swapSpeakers = (id: string): Promise<unknown> => request("POST", `${encounterPath(id)}/speakers/swap`);

/** Accept or reject a proposed drug. */
export const decideProposal = (id: string, k: number, state: Proposal["state"]): Promise<unknown> =>
  request("PATCH", `${encounterPath(id)}/proposals/${k}`, { state });

/** Save edited sections. `keepalive` lets the request outlive the page. */
export const saveNote = (id: string, version: number, sections: SectionEdit[], keepalive = false): Promise<SavedNote> =>
  request("PUT", `${encounterPath(id)}/note`, { version, sections }, { keepalive });

/** Send one chunk of PCM16 samples with its digest (RFC 9530). */
export async function putChunk(id: string, n: number, samples: ArrayBuffer): Promise<ChunkReceipt> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", samples));
  const headers = {
    "Content-Type": CHUNK_MEDIA_TYPE,
    "Content-Digest": `sha-256=:${btoa(String.fromCharCode(...digest))}:`,
  };
  return answer(`${encounterPath(id)}/audio/${n}`, { method: "PUT", headers, body: samples });
}

/** Address of a stretch of the recording; times in seconds. */
export const audioPath = (id: string, start: number, end: number): string =>
  `${encounterPath(id)}/audio?start=${start}&end=${end}`;

/** Address of the encounter's event stream. */
export const eventsPath = (id: string): string => `${encounterPath(id)}/events`;

const encounterPath = (id: string): string => `/api/encounters/${encodeURIComponent(id)}`;

function request<T>(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<T> {
  if (body === undefined) return answer(path, { method, ...more });
  return answer(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...more });
}

async function answer<T>(path: string, init: RequestInit, read: (text: string) => T = parsed): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new RequestError(0, {
      title: "No connection",
      detail: "The Chartside box cannot be reached.",
      hint: "Check the tablet's network; the page keeps trying.",
    });
  }
  if (!response.ok) throw new RequestError(response.status, await problemOf(response));
  return read(await response.text());
}

const parsed = <T>(text: string): T => (text ? JSON.parse(text) : undefined) as T;

async function problemOf(response: Response): Promise<ProblemDocument> {
  const fallback = { title: "The request failed", detail: `The box answered with status ${response.status}.`, hint: "" };
  try {
    return { ...fallback, ...((await response.json()) as object) };
  } catch {
    return fallback;
  }
}
