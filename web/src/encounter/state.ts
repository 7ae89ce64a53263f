/** What the page knows about one encounter, and how each event changes it. Pure: no request, no clock. */

import {
  type Addendum,
  CHUNK_SECONDS,
  type Checked,
  type Encounter,
  type EncounterEventName,
  type EncounterEvents,
  type Gap,
  type Partial,
  type Proposal,
  type Section,
  type Transcript,
} from "../types";

export interface VisitState {
  /** Null until the first snapshot. */
  encounter: Encounter | null;
  /** What is being heard right now. */
  partial: Partial | null;
  /** How far the writing is, in the note service's own steps. */
  progress: { done: number; total: number } | null;
  /** Finished sections of a note that is being written. */
  written: Section[];
  /** Section name to its text so far. */
  writing: Record<string, string>;
  /** What came of checking the newest note; null while nothing is known of it. */
  checked: Checked | null;
  /** The last check that came, while the next one is pending: most sentences are as they were. */
  lastChecked: Checked | null;
  /** Writing began, and whether all of the note or one section is written is not known yet. */
  settling: boolean;
  services: { speech: boolean; note: boolean };
  deleted: boolean;
}

export const START: VisitState = {
  encounter: null,
  partial: null,
  progress: null,
  written: [],
  writing: {},
  checked: null,
  lastChecked: null,
  settling: false,
  services: { speech: true, note: true },
  deleted: false,
};

/** One event with its data, as the stream delivers it. */
export type EncounterEvent = { [K in EncounterEventName]: { name: K; data: EncounterEvents[K] } }[EncounterEventName];

/** The state after an event. Events that come twice change nothing the second time. */
export function reduce(state: VisitState, event: EncounterEvent): VisitState {
  switch (event.name) {
    case "snapshot":
      // Services that are down are named after the snapshot.
      return { ...state, encounter: event.data, partial: null, settling: false, services: START.services, ...noWriting() };
    case "state":
      return withState(state, event.data);
    case "partial":
      return { ...state, partial: event.data };
    case "turn":
      return unchecked(withTurn(state, event.data));
    case "proposal":
      return unchecked(withProposal(state, event.data.k, event.data.proposal));
    case "gap":
      return withTranscript(state, (transcript) => ({ ...transcript, gaps: addGap(transcript.gaps, event.data) }));
    case "progress":
      return { ...state, progress: event.data };
    case "section_text":
      return { ...state, writing: { ...state.writing, [event.data.name]: event.data.text } };
    case "section":
      return withSection(state, event.data);
    case "note":
      return withNote(state, event.data);
    case "check":
      return withChecked(state, event.data);
    case "signature":
      return state.encounter ? { ...state, encounter: { ...state.encounter, signature: event.data } } : state;
    case "addendum":
      return withAddendum(state, event.data);
    case "service":
      return { ...state, services: { ...state.services, [event.data.name]: event.data.up } };
    case "deleted":
      return { ...state, deleted: true };
  }
}

/** The state with what no event but a snapshot carries: the encounter's trouble, and which section is written again. */
export function withDetails(state: VisitState, { problem, section }: Pick<Encounter, "problem" | "section">): VisitState {
  return state.encounter ? { ...state, settling: false, encounter: { ...state.encounter, problem, section } } : state;
}

/** The state with a check, unless it is of an older note. */
export function withChecked(state: VisitState, checked: Checked): VisitState {
  if (!state.encounter || checked.version < state.encounter.note_version) return state;
  return { ...state, checked, lastChecked: checked.check ? checked : state.lastChecked };
}

/** Seconds of the recording that are turned into text so far. */
export function transcribedSeconds({ encounter, partial }: VisitState): number {
  return Math.max(encounter?.transcript.turns.at(-1)?.end ?? 0, partial?.end ?? 0);
}

/** How many chunks the box needs to have seen to hold what it holds: the number to finish with. */
export function chunksStored({ received_through, missing, duration }: Encounter): number {
  // After the last missing chunk at least one came, or nobody would know that it is missing.
  const afterMissing = missing.length > 0 ? Math.max(...missing) + 2 : 0;
  return Math.max(received_through + 1, afterMissing, Math.ceil(duration / CHUNK_SECONDS));
}

const noWriting = (): Pick<VisitState, "progress" | "written" | "writing"> => ({ progress: null, written: [], writing: {} });

function withState(state: VisitState, summary: EncounterEvents["state"]): VisitState {
  if (!state.encounter) return state;
  const starts = summary.state === "writing" && state.encounter.state !== "writing";
  const section = summary.state === "writing" ? state.encounter.section : null;
  const encounter = { ...state.encounter, ...summary, section, ...(starts ? { problem: null } : {}) };
  const partial = summary.state === "recording" || summary.state === "transcribing" ? state.partial : null;
  return { ...state, encounter, partial, settling: starts, ...(starts ? noWriting() : {}) };
}

function withTurn(state: VisitState, { n, turn, committed }: EncounterEvents["turn"]): VisitState {
  const heard = state.partial && state.partial.start < turn.end ? null : state.partial;
  const encounter = state.encounter && { ...state.encounter, committed: committed ?? state.encounter.committed };
  return withTranscript({ ...state, encounter, partial: heard }, (transcript) => {
    const turns = [...transcript.turns];
    turns[n] = turn;
    return { ...transcript, turns, duration: Math.max(transcript.duration, turn.end) };
  });
}

function withProposal(state: VisitState, k: number, proposal: Proposal): VisitState {
  if (!state.encounter) return state;
  const proposals = [...state.encounter.proposals];
  proposals[k] = proposal;
  return { ...state, encounter: { ...state.encounter, proposals } };
}

function withTranscript(state: VisitState, change: (transcript: Transcript) => Transcript): VisitState {
  if (!state.encounter) return state;
  return { ...state, encounter: { ...state.encounter, transcript: change(state.encounter.transcript) } };
}

function addGap(gaps: Gap[], gap: Gap): Gap[] {
  if (gaps.some(({ start, end }) => start === gap.start && end === gap.end)) return gaps;
  return [...gaps, gap].sort((a, b) => a.start - b.start);
}

function withSection(state: VisitState, section: Section): VisitState {
  const { [section.name]: _, ...writing } = state.writing;
  return { ...state, writing, written: [...state.written.filter(({ name }) => name !== section.name), section] };
}

function withNote(state: VisitState, { version, note }: EncounterEvents["note"]): VisitState {
  if (!state.encounter || version < state.encounter.note_version) return state;
  const newer = version > state.encounter.note_version;
  const next = { ...state, encounter: { ...state.encounter, note, note_version: version }, ...noWriting() };
  return newer ? { ...next, checked: { version, check: null, dismissed: [] } } : next;
}

/** Whatever the note is checked against has changed: its check is pending again. */
function unchecked(state: VisitState): VisitState {
  return state.checked ? { ...state, checked: { ...state.checked, check: null, dismissed: [] } } : state;
}

function withAddendum(state: VisitState, addendum: Addendum): VisitState {
  if (!state.encounter) return state;
  const known = state.encounter.addenda.some(({ created, text }) => created === addendum.created && text === addendum.text);
  if (known) return state;
  return { ...state, encounter: { ...state.encounter, addenda: [...state.encounter.addenda, addendum] } };
}
