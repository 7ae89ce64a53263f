/** The kiosk's HTTP API, one function per request. */

import type { SpeechEvent } from "./scribe/sink";
import type { LocalBox } from "./offline/local-box";
import type { EventStream } from "./offline/local-stream";
import {
  type Addendum,
  type Block,
  type BoxStanding,
  CHUNK_MEDIA_TYPE,
  type Checked,
  type ChunkReceipt,
  type Encounter,
  type EngineName,
  type HeardSoFar,
  type DecidedOmission,
  type Note,
  type OldVersion,
  type ProblemDocument,
  type Proposal,
  type SavedNote,
  type SectionEdit,
  type Signature,
  type Speaker,
  type Status,
  type Summary,
  type Turn,
  type VersionEntry,
} from "./types";

/** Longest wait for an answer. */
const TIMEOUT_MS = 20_000;
/** The same for how the box is: a box without power does not even refuse. */
const STATUS_TIMEOUT_MS = 8_000;
/** The same where a clinician waits to begin, and can begin without the box. */
const START_TIMEOUT_MS = 5_000;

/** Who answers instead of the box for visits that are on this tablet only; see `offline/local-box.ts`. */
export type Here = Pick<LocalBox, "has" | "start" | "end" | "admit" | "answer" | "follow" | "knows" | "onMoved" | "stretch" | "takeOver">;

let here: Here | null = null;

export function answerHere(instead: Here | null): void {
  here = instead;
}

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

export const getStatus = (): Promise<Status> =>
  request("GET", "/api/status", undefined, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });

export const listEncounters = (): Promise<Summary[]> => request("GET", "/api/encounters");

/** Start a visit: on the box, or on this tablet while the box is away. Its id is made here, so that both mean the same visit. */
export async function createEncounter(title: string, template: string): Promise<Encounter> {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    return await bringEncounter({ id, title, template }, START_TIMEOUT_MS);
  } catch (error) {
    if (!here || !(error instanceof RequestError) || error.status !== 0) throw error;
    return here.start(id, title, template);
  }
}

/** Start a visit on the box under an id; the same again changes nothing. */
export const bringEncounter = (
  visit: { id: string; title: string; template: string; created?: string },
  timeout = TIMEOUT_MS,
): Promise<Encounter> => request("POST", "/api/encounters", visit, { signal: AbortSignal.timeout(timeout) });

/** The recording of a visit on this tablet was ended; others hear it from the queue. */
export const endHere = async (id: string, chunks: number): Promise<void> => {
  if (here?.has(id)) await here.end(id, chunks);
};

export const getEncounter = (id: string): Promise<Encounter> => request("GET", encounterPath(id));

export const changeEncounter = (id: string, change: { title?: string; paused?: boolean }): Promise<Encounter> =>
  request("PATCH", encounterPath(id), change);

export const deleteEncounter = (id: string): Promise<void> => request("DELETE", encounterPath(id));

export const finishEncounter = async (id: string, chunks: number): Promise<Encounter> => {
  await here?.admit(id);
  return onBox("POST", `${encounterPath(id)}/finish`, { chunks });
};

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
  await here?.admit(id);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", samples));
  const headers = {
    "Content-Type": CHUNK_MEDIA_TYPE,
    "Content-Digest": `sha-256=:${btoa(String.fromCharCode(...digest))}:`,
  };
  return answer(`${encounterPath(id)}/audio/${n}`, { method: "PUT", headers, body: samples });
}

/** Address of a stretch of the recording; times in seconds. */
export function audioPath(id: string, start: number, end: number): string | Promise<string> {
  const path = `${encounterPath(id)}/audio?start=${start}&end=${end}`;
  return here?.has(id) ? here.stretch(id, start, end).then((found) => found ?? path) : path;
}

/** The encounter's event stream. */
export const openEvents = (id: string): EventStream =>
  here?.has(id) ? here.follow(id) : new EventSource(`${encounterPath(id)}/events`);

/** Visits that are being looked for here. */
const looking = new Set<string>();

/** Go on here with a visit that this tablet records, as far as it knows it, if the box cannot be reached. */
export async function goOnHere(id: string): Promise<void> {
  if (!here || here.has(id) || looking.has(id) || !(await here.knows(id))) return;
  looking.add(id);
  try {
    await onBox("GET", encounterPath(id), undefined, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });
  } catch (error) {
    if (error instanceof RequestError && error.status === 0) await here.takeOver(id);
  } finally {
    looking.delete(id);
  }
}

/** Be told when a visit comes to this tablet or goes to the box; returns how to end that. */
export const onMoved = (id: string, listener: () => void): (() => void) => here?.onMoved(id, listener) ?? (() => undefined);

/** The requests that bring a visit of this tablet to the box: nobody answers them here. */
export const bring = {
  get: (id: string): Promise<Encounter> => onBox("GET", encounterPath(id)),
  describe: (id: string, change: { title?: string; paused?: boolean }): Promise<unknown> => onBox("PATCH", encounterPath(id), change),
  delete: (id: string): Promise<void> => onBox("DELETE", encounterPath(id)),
  engine: (id: string, on: EngineName): Promise<BoxStanding> => onBox("PUT", `${encounterPath(id)}/engine`, { on }),
  heard: (id: string, events: SpeechEvent[], lease: number): Promise<HeardSoFar> =>
    onBox("POST", `${encounterPath(id)}/heard`, { events, lease }),
  turns: (id: string, start: number): Promise<Turn[]> => onBox("GET", `${encounterPath(id)}/turns?start=${start}`),
  speaker: (id: string, n: number, speaker: Speaker): Promise<unknown> =>
    onBox("PATCH", `${encounterPath(id)}/turns/${n}`, { speaker }),
  decisions: (id: string, decisions: Decisions): Promise<unknown> => onBox("POST", `${encounterPath(id)}/decisions`, decisions),
  written: (id: string, written: WrittenNote): Promise<{ version: number; newest: number }> =>
    onBox("POST", `${encounterPath(id)}/written`, written),
};

/** What was decided on this tablet. */
export interface Decisions {
  proposals: Proposal[];
  omissions: DecidedOmission[];
}

/** A version of the note that this tablet made. */
export interface WrittenNote {
  note: Note;
  /** The version that it follows on the box, 0 for none. */
  after: number;
  /** How many turns it was written from. */
  turns: number;
  author: VersionEntry["author"];
}

/** The key with which this tablet encrypts while the box is away, in base64. */
export const getLocalKey = (): Promise<{ key: string }> => request("GET", "/api/local-key");

const encounterPath = (id: string): string => `/api/encounters/${encodeURIComponent(id)}`;

const ENCOUNTER_PATH = /^\/api\/encounters\/([^/]+)(.*)$/;

function request<T>(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<T> {
  const [, id, rest = ""] = ENCOUNTER_PATH.exec(path) ?? [];
  if (id && here?.has(id)) return here.answer(id, method, rest, body) as Promise<T>;
  return onBox(method, path, body, more);
}

function onBox<T>(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<T> {
  if (body === undefined) return answer(path, { method, ...more });
  return answer(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...more });
}

async function answer<T>(path: string, init: RequestInit, read: (text: string) => T = parsed): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init, cache: "no-store" });
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
