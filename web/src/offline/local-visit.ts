/** A visit that is kept on this tablet while the box is away. Pure: no storage, no clock. */

import type { Decisions } from "../api";
import type { SpeechEvent } from "../scribe/sink";
import {
  type Check,
  type Checked,
  CHUNK_SECONDS,
  type Encounter,
  type EncounterState,
  type Gap,
  type DecidedOmission,
  type Note,
  type ProblemDocument,
  type Proposal,
  SAMPLE_RATE,
  type SectionEdit,
  type Speaker,
  type Summary,
  type Turn,
  type VersionEntry,
} from "../types";

export interface LocalVersion extends VersionEntry {
  note: Note;
  /** How many turns there were. */
  turns: number;
}

export interface LocalVisit {
  id: string;
  title: string;
  template: string;
  /** RFC 3339. */
  created: string;
  updated: string;
  paused: boolean;
  /** How many chunks the recording has; null while it goes on. */
  chunks: number | null;
  /** Seconds of the whole recording, once it is heard to its end. */
  duration: number | null;
  turns: Turn[];
  gaps: Gap[];
  /** Sample up to which turns are final. */
  committed: number;
  /** What the speech engine is told of the turns so far. */
  earlier: unknown[];
  /** Turn number to who spoke it, as the clinician said on this tablet. */
  labels: Record<number, Speaker>;
  /** The version that the box had when the visit came here; those made here follow it. */
  base: number;
  versions: LocalVersion[];
  /** Of the newest version; null while it is pending. */
  check: Check | null;
  /** Drugs that may have been said, as they stand now. */
  proposals: Proposal[];
  /** How many of the turns were looked at for them. */
  proposed: number;
  /** Numbers of the proposals that the clinician decided on this tablet. */
  decidedProposals: number[];
  /** What the clinician said of omissions on this tablet: the last word on each. */
  decidedOmissions: DecidedOmission[];
  problem: ProblemDocument | null;
  /** It was deleted here, and the box may not know yet. */
  deleted: boolean;
  box: OnBox;
}

/** What the box has of it. */
export interface OnBox {
  /** The encounter is there. */
  created: boolean;
  /** What was heard and is not there yet, in order. */
  outbox: SpeechEvent[];
  /** The title was changed here. */
  renamed: boolean;
  /** Something was decided here of proposals or omissions. */
  decided: boolean;
  /** How many of the versions are there. */
  versions: number;
  /** The version there that the next one follows. */
  after: number;
  /** Why the rest cannot go there; null if it can. */
  refused: string | null;
}

export function newVisit(id: string, title: string, template: string, now: Date): LocalVisit {
  const created = now.toISOString();
  return {
    id, title, template, created, updated: created, paused: false, chunks: null, duration: null, turns: [], gaps: [], committed: 0,
    earlier: [], labels: {}, base: 0, versions: [], check: null, proposals: [], proposed: 0, decidedProposals: [], decidedOmissions: [], problem: null, deleted: false,
    box: { created: false, outbox: [], renamed: false, decided: false, versions: 0, after: 0, refused: null },
  };
}

/**
 * A visit that the box has begun to hear, from what the box told of it: it goes on here.
 *
 * @param chunks How many the recording has, if it was ended on this tablet.
 */
export function takenOver(known: Encounter, chunks: number | null): LocalVisit {
  const { id, title, template, created, updated, paused, transcript, committed } = known;
  const visit = newVisit(id, title, template, new Date(created));
  return {
    ...visit, updated, paused, base: known.note_version,
    chunks: chunks ?? (known.state === "recording" ? null : Math.ceil(known.duration / CHUNK_SECONDS)),
    turns: [...transcript.turns], gaps: [...transcript.gaps], proposals: [...known.proposals], proposed: transcript.turns.length,
    // The page may have seen a turn and not yet been told how far all are final.
    committed: Math.max(committed, Math.round((transcript.turns.at(-1)?.end ?? 0) * SAMPLE_RATE)),
    // Voice prints are not kept here: turns from here on are labelled by voices of their own.
    earlier: transcript.turns.map(({ text }) => ({ text, voice: null })),
    box: { ...visit.box, created: true, after: known.note_version },
  };
}

export function stateOf({ chunks, duration, versions }: LocalVisit): EncounterState {
  if (chunks === null) return "recording";
  if (versions.length > 0) return "draft";
  return duration === null ? "transcribing" : "writing";
}

export function summaryOf(visit: LocalVisit): Summary {
  const { id, title, template, paused, created, updated, chunks, duration, committed } = visit;
  const recorded = chunks === null ? committed / SAMPLE_RATE : chunks * CHUNK_SECONDS;
  return { id, title, template, state: stateOf(visit), paused, created, updated, duration: duration ?? recorded, engine: "tablet", unsent: true };
}

export function documentOf(visit: LocalVisit): Encounter {
  const summary = summaryOf(visit);
  const newest = visit.versions.at(-1);
  return {
    ...summary,
    received_through: (visit.chunks ?? 0) - 1,
    missing: [],
    transcript: { turns: turnsOf(visit), gaps: visit.gaps, duration: summary.duration },
    committed: visit.committed,
    proposals: visit.proposals,
    note: newest?.note ?? null,
    note_version: newest?.version ?? 0,
    section: null,
    signature: null,
    addenda: [],
    problem: visit.problem,
  };
}

/** The turns with the labels that the clinician sees. */
export function turnsOf({ turns, labels }: LocalVisit): Turn[] {
  return turns.map((turn, n) => ({ ...turn, speaker: labels[n] ?? turn.speaker }));
}

interface Data {
  final: { turn: Turn; committed: number; voice?: unknown };
  speakers: { labels: { n: number; speaker: Speaker }[] };
  gap: { gap: Gap; committed: number };
  finished: { duration: number };
}

/** Take what was heard; false if it was known or is not kept. The same rules as in `appliance/kiosk/heard.py`. */
export function hear(visit: LocalVisit, event: SpeechEvent): boolean {
  switch (event.name) {
    case "final": {
      const { turn, committed, voice } = event.data as Data["final"];
      if (committed <= visit.committed) return false;
      visit.turns.push(turn);
      visit.earlier.push({ text: turn.text, voice: voice ?? null });
      visit.committed = committed;
      break;
    }
    case "speakers":
      for (const { n, speaker } of (event.data as Data["speakers"]).labels) {
        const turn = visit.turns[n];
        if (turn) visit.turns[n] = { ...turn, speaker };
      }
      break;
    case "gap": {
      const { gap, committed } = event.data as Data["gap"];
      if (committed < visit.committed || visit.gaps.some(({ start, end }) => start === gap.start && end === gap.end)) return false;
      visit.gaps.push(gap);
      visit.committed = committed;
      break;
    }
    case "finished":
      if (visit.duration !== null) return false;
      visit.duration = (event.data as Data["finished"]).duration;
      // What tells voices apart identifies people, and no later turn needs it.
      visit.earlier = [];
      visit.box.outbox = visit.box.outbox.map(withoutVoice);
      break;
    default:
      return false;
  }
  visit.check = null;
  visit.box.outbox.push(event);
  return true;
}

const withoutVoice = (event: SpeechEvent): SpeechEvent =>
  event.name === "final" ? { ...event, data: { ...(event.data as Data["final"]), voice: null } } : event;

export function addVersion(visit: LocalVisit, note: Note, author: VersionEntry["author"], now: Date): LocalVersion {
  const version = visit.base + visit.versions.length + 1;
  const added = { version, author, created: now.toISOString(), note, turns: visit.turns.length };
  visit.versions.push(added);
  visit.check = null;
  visit.problem = null;
  return added;
}

/** The newest note with other texts in some sections. */
export function edited(note: Note, edits: SectionEdit[]): Note {
  const texts = new Map(edits.map(({ name, text }) => [name, text]));
  const sections = note.sections.map((section) => {
    const text = texts.get(section.name) ?? section.text;
    return text === section.text ? section : { ...section, text, edited: true };
  });
  return { ...note, sections };
}

/** Versions that the box does not have: of edits that follow each other, only the last. */
export function unsentVersions({ versions, box }: LocalVisit): LocalVersion[] {
  return versions
    .slice(box.versions)
    .filter(({ author }, n, rest) => !(author === "clinician" && rest[n + 1]?.author === "clinician"));
}

/** The check of the newest version, as the box tells it. */
export function checkedOf({ versions, check, decidedOmissions }: LocalVisit): Checked {
  const dismissed = (check?.omissions ?? []).flatMap(({ kind, text }, omission) =>
    decidedOmissions.filter((said) => said.kind === kind && said.text === text && !said.withdrawn).map(({ reason }) => ({ omission, reason })),
  );
  return { version: versions.at(-1)!.version, check, dismissed };
}

/** What was decided here, for the box. */
export const decisionsOf = ({ proposals, decidedProposals, decidedOmissions }: LocalVisit): Decisions => ({
  proposals: decidedProposals.flatMap((k) => proposals[k] ?? []),
  omissions: decidedOmissions,
});

/** Whether the box has all of it but the audio. */
export function isBrought({ box, labels, versions }: LocalVisit): boolean {
  const { created, outbox, renamed, decided } = box;
  return created && outbox.length === 0 && !renamed && !decided && Object.keys(labels).length === 0 && box.versions === versions.length;
}
