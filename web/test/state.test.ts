import { expect, test } from "vitest";

import { chunksStored, type EncounterEvent, reduce, START, transcribedSeconds, withDetails } from "../src/encounter/state";
import type { Encounter, Note, Section, Turn } from "../src/types";

const encounter: Encounter = {
  id: "a",
  title: "Visit 14:05",
  template: "aci",
  state: "recording",
  paused: false,
  created: "2026-11-22T14:05:00Z",
  updated: "2026-11-22T14:05:00Z",
  duration: 0,
  engine: "box",
  received_through: -1,
  missing: [],
  transcript: { turns: [], gaps: [], duration: 0 },
  committed: 0,
  proposals: [],
  note: null,
  note_version: 0,
  section: null,
  signature: null,
  addenda: [],
  problem: null,
};
const { id, title, template, paused, created, updated, duration } = encounter;
const summary = { id, title, template, paused, created, updated, duration, engine: "box" as const };
const turn = (text: string, start: number, end: number): Turn => ({ text, start, end, words: [], speaker: "unknown" });
const section = (name: string): Section => ({ name, title: name, text: `${name} text`, sentences: [], edited: false });
const stamp = { bundle: "", model: "", adapter: "none", strategy: "topics", prompt: "", software: "", caution: "" };
const note: Note = { template: "aci", sections: [section("plan")], stamp, notice: "Draft." };

const after = (...events: EncounterEvent[]) => events.reduce(reduce, reduce(START, { name: "snapshot", data: encounter }));

test("turns stand at their number, once, however often and in whatever order they come", () => {
  const second: EncounterEvent = { name: "turn", data: { n: 1, turn: turn("two", 2, 3) } };
  const first: EncounterEvent = { name: "turn", data: { n: 0, turn: turn("one", 0, 1) } };
  const { transcript } = after(second, first, second).encounter as Encounter;
  expect(transcript.turns.map(({ text }) => text)).toEqual(["one", "two"]);
});

test("a final turn takes the place of its partial text, but not of a later one", () => {
  const partial = (start: number): EncounterEvent => ({
    name: "partial",
    data: { start, end: start + 1, stable: "so", tentative: "far" },
  });
  const final: EncounterEvent = { name: "turn", data: { n: 0, turn: turn("so far", 0, 1.5) } };
  expect(after(partial(0), final).partial).toBeNull();
  expect(after(partial(1.6), final).partial?.start).toBe(1.6);
  expect(transcribedSeconds(after(partial(4)))).toBe(5);
});

test("gaps are kept in order and once", () => {
  const gap = (start: number): EncounterEvent => ({ name: "gap", data: { start, end: start + 0.5 } });
  expect(after(gap(4), gap(1), gap(4)).encounter?.transcript.gaps.map(({ start }) => start)).toEqual([1, 4]);
});

test("sections appear while they are written, and the note takes their place", () => {
  const writing: EncounterEvent = { name: "state", data: { ...encounter, state: "writing" } };
  const text: EncounterEvent = { name: "section_text", data: { name: "plan", text: "plan te" } };
  const during = after(writing, text);
  expect(during.writing).toEqual({ plan: "plan te" });
  const written = reduce(during, { name: "section", data: section("plan") });
  expect(written.writing).toEqual({});
  expect(written.written.map(({ text: whole }) => whole)).toEqual(["plan text"]);
  const done = reduce(written, { name: "note", data: { version: 1, note } });
  expect(done.written).toEqual([]);
  expect(done.encounter).toMatchObject({ note, note_version: 1 });
});

test("the commit moves with the turns that are new, and not with their labels", () => {
  const said = { text: "Hello.", start: 0, end: 1, words: [], speaker: "unknown" as const };
  const heard: EncounterEvent = { name: "turn", data: { n: 0, turn: said, committed: 20_000 } };
  const labelled: EncounterEvent = { name: "turn", data: { n: 0, turn: { ...said, speaker: "patient" } } };
  expect(after(heard, labelled).encounter).toMatchObject({ committed: 20_000, transcript: { turns: [{ speaker: "patient" }] } });
});

test("an older note does not replace a newer one", () => {
  const newer: EncounterEvent = { name: "note", data: { version: 2, note: { ...note, notice: "new" } } };
  const older: EncounterEvent = { name: "note", data: { version: 1, note } };
  expect(after(newer, older).encounter?.note?.notice).toBe("new");
});

test("writing again clears the trouble, and shows the last note until it is known how much of it is written", () => {
  const problem = { title: "", detail: "No model.", hint: "" };
  const failed: EncounterEvent = { name: "snapshot", data: { ...encounter, state: "failed", note, note_version: 1, problem } };
  const writing: EncounterEvent = { name: "state", data: { ...summary, state: "writing" } };
  const during = after(failed, writing);
  expect(during).toMatchObject({ settling: true, encounter: { state: "writing", note, problem: null } });
  const told = withDetails(during, { problem: null, section: "plan" });
  expect(told).toMatchObject({ settling: false, encounter: { section: "plan" } });
  const draft = reduce(told, { name: "state", data: { ...summary, state: "draft" } });
  expect(draft.encounter?.section).toBeNull();
});

test("the last check is kept while the next one is pending, and an older one changes nothing", () => {
  const check = { sections: [], omissions: [] };
  const written: EncounterEvent = { name: "note", data: { version: 2, note } };
  const checked = after(written, { name: "check", data: { version: 2, check, dismissed: [] } });
  expect(checked).toMatchObject({ checked: { check }, lastChecked: { check } });
  const swapped = reduce(checked, { name: "turn", data: { n: 0, turn: turn("one", 0, 1) } });
  expect(swapped).toMatchObject({ checked: { version: 2, check: null }, lastChecked: { check } });
  const proposal = { turn: 0, first: 0, last: 0, said: "met", drug: "metformin", state: "rejected" as const };
  const rejected = reduce(checked, { name: "proposal", data: { k: 0, proposal } });
  expect(rejected).toMatchObject({ checked: { version: 2, check: null }, lastChecked: { check } });
  const edited = reduce(checked, { name: "note", data: { version: 3, note } });
  expect(edited).toMatchObject({ checked: { version: 3, check: null }, lastChecked: { check } });
  const late = reduce(edited, { name: "check", data: { version: 2, check: { ...check }, dismissed: [] } });
  expect(late.checked).toEqual({ version: 3, check: null, dismissed: [] });
});

test("a signature and each addendum stand once", () => {
  const signature = { version: 2, signer: "Dr. A", created: "2026-11-22T14:30:00Z", overrides: [], sha256: "0" };
  const addendum = { text: "Called.", signer: "Dr. A", created: "2026-11-22T15:00:00Z" };
  const event: EncounterEvent = { name: "addendum", data: addendum };
  expect(after({ name: "signature", data: signature }, event, event).encounter).toMatchObject({ signature, addenda: [addendum] });
});

test("a snapshot says that services are up again unless it is told otherwise", () => {
  const down: EncounterEvent = { name: "service", data: { name: "speech", up: false } };
  expect(after(down).services).toEqual({ speech: false, note: true });
  expect(after(down, { name: "snapshot", data: encounter }).services.speech).toBe(true);
});

test("a visit is finished with every chunk that the box has seen", () => {
  expect(chunksStored(encounter)).toBe(0);
  expect(chunksStored({ ...encounter, received_through: 4, duration: 2.5 })).toBe(5);
  expect(chunksStored({ ...encounter, received_through: 1, missing: [2, 5] })).toBe(7);
  expect(chunksStored({ ...encounter, received_through: 1, missing: [2], duration: 5 })).toBe(10);
});

test("a proposal stands at its number and changes with each decision", () => {
  const proposal = { turn: 0, first: 2, last: 3, said: "listen opera", drug: "lisinopril", state: "accepted" } as const;
  const once = after({ name: "proposal", data: { k: 0, proposal } });
  expect(once.encounter?.proposals).toEqual([proposal]);
  const rejected = { ...proposal, state: "rejected" } as const;
  expect(reduce(once, { name: "proposal", data: { k: 0, proposal: rejected } }).encounter?.proposals).toEqual([rejected]);
});
