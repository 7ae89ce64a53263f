/** The wire formats of the kiosk API. They mirror `appliance/transcript.py`, `appliance/clinical_note.py` and docs/architecture.md. */

/** What the box does with an encounter right now. */
export type EncounterState = "recording" | "transcribing" | "writing" | "draft" | "signed" | "failed";

/** Where an encounter is heard and written. */
export type EngineName = "box" | "tablet";

export interface Word {
  text: string;
  /** Seconds from the start of the recording. */
  start: number;
  end: number;
  /** 0.0 to 1.0. */
  probability: number;
}

export type Speaker = "clinician" | "patient" | "unknown";

export interface Turn {
  text: string;
  start: number;
  end: number;
  words: Word[];
  speaker: Speaker;
}

/** Audio that never arrived, in seconds from the start of the recording. */
export interface Gap {
  start: number;
  end: number;
}

export interface Transcript {
  turns: Turn[];
  gaps: Gap[];
  /** Seconds. */
  duration: number;
}

/** Words `first` to `last` of a turn may have been a drug. It counts until it is rejected. */
export interface Proposal {
  turn: number;
  first: number;
  last: number;
  said: string;
  drug: string;
  state: "accepted" | "rejected";
}

/** What is being heard: `stable` was agreed on by two passes, `tentative` may still change. */
export interface Partial {
  start: number;
  end: number;
  stable: string;
  tentative: string;
}

export interface Sentence {
  text: string;
  /** Positions, from 0, of the turns it was written from. */
  turns: number[];
}

export interface Section {
  name: string;
  title: string;
  text: string;
  sentences: Sentence[];
  edited: boolean;
}

export interface Stamp {
  bundle: string;
  model: string;
  /** Name of the adapter, or `none`. */
  adapter: string;
  /** What the bundle wants said on every note of its model; may be empty. */
  caution: string;
  strategy: string;
  prompt: string;
  software: string;
}

/** How far a sentence agrees with what was said. */
export type CheckState = "supported" | "inferred" | "unsupported" | "contradicted";

export type Severity = "none" | "minor" | "major";

export interface CheckedSentence {
  text: string;
  state: CheckState;
  severity: Severity;
  /** Positions, from 0, of the turns that support or contradict it. */
  turns: number[];
  /** Sentences for the clinician; they count turns from 1. */
  reasons: string[];
}

/** Something that was said and matters for safety, and that the note does not state. */
export interface Omission {
  kind: string;
  /** Can be put into the section as it is. */
  text: string;
  section: string;
  turns: number[];
  severity: Severity;
}

export interface Check {
  sections: { name: string; sentences: CheckedSentence[] }[];
  /** The most severe first. */
  omissions: Omission[];
}

/** Whether an omission belongs into the note after all. */
export interface DecidedOmission extends Pick<Omission, "kind" | "text"> {
  reason: string;
  withdrawn: boolean;
}

/** What came of checking a version of the note; `check` is null while it is pending. */
export interface Checked {
  version: number;
  check: Check | null;
  dismissed: { omission: number; reason: string }[];
}

/** Something that stands in the way of signing. Section and sentence are null for a block of the whole note. */
export interface Block {
  kind: "contradicted" | "unsupported" | "check_pending" | "version";
  section: string | null;
  sentence: number | null;
  text: string;
}

/** A reason to sign in spite of a block. */
export interface Override extends Block {
  reason: string;
}

export interface Signature {
  version: number;
  signer: string;
  /** RFC 3339. */
  created: string;
  overrides: Override[];
  sha256: string;
}

export interface Addendum {
  text: string;
  signer: string;
  created: string;
}

export interface VersionEntry {
  version: number;
  author: "model" | "clinician";
  created: string;
}

export interface OldVersion extends VersionEntry {
  note: Note | null;
}

export interface Note {
  template: string;
  sections: Section[];
  stamp: Stamp;
  notice: string;
}

/** RFC 9457 problem document with Chartside's `hint`. */
export interface ProblemDocument {
  title: string;
  detail: string;
  hint: string;
}

export interface Summary {
  id: string;
  title: string;
  template: string;
  state: EncounterState;
  paused: boolean;
  /** RFC 3339. */
  created: string;
  updated: string;
  /** Seconds. */
  duration: number;
  engine: EngineName;
  /** It is on this tablet, and not, or not all of it, on the box. */
  unsent?: true;
}

export interface Encounter extends Summary {
  /** Last chunk before the first missing one; -1 if none. */
  received_through: number;
  missing: number[];
  transcript: Transcript;
  /** Sample up to which it is final. */
  committed: number;
  proposals: Proposal[];
  note: Note | null;
  note_version: number;
  /** The only section that is being written again; null for the whole note. */
  section: string | null;
  signature: Signature | null;
  addenda: Addendum[];
  problem: ProblemDocument | null;
}

export interface TemplateSection {
  name: string;
  title: string;
}

export interface Template {
  name: string;
  title: string;
  sections: TemplateSection[];
}

export interface ServiceHealth {
  status: string;
}

export interface Status {
  software: string;
  /** Null while the service is down or loads its model. */
  speech: ServiceHealth | null;
  note: ServiceHealth | null;
  templates: Template[];
  default_template: string;
  /** The words that must stand on every generated note. */
  notice: string;
}

export interface ChunkReceipt {
  received_through: number;
  missing: number[];
  /** Sample up to which turns are final. */
  committed: number;
}

/** How far an encounter is heard on the box. */
export interface HeardSoFar {
  on: EngineName;
  lease: number;
  committed: number;
  /** How many turns there are. */
  turns: number;
  /** Changes whenever a turn is read or labelled differently than before. */
  corrections: number;
}

export interface BoxStanding extends HeardSoFar {
  earlier: unknown[];
}

export interface SavedNote {
  version: number;
  note: Note;
}

export interface SectionEdit {
  name: string;
  text: string;
}

/** Events of an encounter's stream: event name to its data. */
export interface EncounterEvents {
  snapshot: Encounter;
  state: Summary;
  partial: Partial;
  /** `committed` is the encounter's after a turn that was not there before. */
  turn: { n: number; turn: Turn; committed?: number };
  proposal: { k: number; proposal: Proposal };
  gap: Gap;
  progress: { done: number; total: number };
  section_text: { name: string; text: string };
  section: Section;
  note: { version: number; note: Note };
  check: Checked;
  signature: Signature;
  addendum: Addendum;
  service: { name: "speech" | "note"; up: boolean };
  deleted: unknown;
}

export type EncounterEventName = keyof EncounterEvents;

/** Samples per second of the recording. */
export const SAMPLE_RATE = 16_000;
/** Bytes of one sample. */
export const SAMPLE_BYTES = 2;
/** Samples in every chunk but the last: half a second. */
export const CHUNK_SAMPLES = 8_000;
/** Seconds in every chunk but the last. */
export const CHUNK_SECONDS = CHUNK_SAMPLES / SAMPLE_RATE;
/** Media type of a chunk. */
export const CHUNK_MEDIA_TYPE = "audio/L16;rate=16000;channels=1";
