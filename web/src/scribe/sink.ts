/** Where the engines of this tablet send what they hear and write. */

import type { Note, Turn } from "../types";

/** An event of the speech engine, in the shapes of the speech service. */
export interface SpeechEvent {
  name: string;
  data: unknown;
}

/** Where a visit stands. */
export interface Standing {
  /** Sample up to which turns are final: the speech engine starts there. */
  committed: number;
  /** What the speech engine is told of the turns so far. */
  earlier: unknown[];
  /** The turns so far, as the note is written from them. */
  turns: Turn[];
  /** The recording is heard to its end; only the note is to be written. */
  heard?: boolean;
}

/** Keeps what is heard and written of one visit: on the box, or on this tablet while the box is away. */
export interface Sink {
  /**
   * Ask to hear and write the visit from now on. May be asked again.
   *
   * @throws RequestError The box said no, or is away.
   */
  begin(): Promise<Standing>;
  /**
   * Keep what was heard; an empty list only says that this tablet is still at it. Turns that are known are left out.
   *
   * @throws LostLeaseError Somebody else hears the visit now: `begin` again.
   */
  heard(events: SpeechEvent[]): Promise<void>;
  /** The turns as the note is to be written from: with the labels and readings that the clinician chose. */
  turns(): Promise<Turn[]>;
  written(note: Note): Promise<void>;
  /** Give the visit back; the box goes on from what is kept. */
  end(): Promise<void>;
}

/** The visit is not this tablet's to hear any more. */
export class LostLeaseError extends Error {
  override name = "LostLeaseError";
}
