import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RequestError } from "../src/api";
import { type EncounterEvent, reduce, START } from "../src/encounter/state";
import { LocalSink } from "../src/offline/local-sink";
import type { Rules } from "../src/offline/rules";
import { LostLeaseError } from "../src/scribe/sink";
import type { Checked, Encounter, Proposal, SavedNote } from "../src/types";
import { bytesOf, final, HEARS_METFORMIN, ID, KEY, note, turn, type World, world } from "./offline-world";
import { Vault } from "../src/offline/vault";

let here: World;
const check = async (body: string) => ({ sections: [], omissions: [], asked: JSON.parse(body) as unknown });

beforeEach(async () => {
  here = await world(undefined, { check });
});

afterEach(() => here.close());

const get = (path = ""): Promise<unknown> => here.box.answer(ID, "GET", path, undefined);
const document = async (): Promise<Encounter> => (await get()) as Encounter;

async function heard(): Promise<LocalSink> {
  await here.box.start(ID, "Anna Berg, knee", "soap");
  const sink = new LocalSink(ID, here.box);
  await sink.begin();
  await sink.heard([final("My knee hurts.", 0), final("Since March.", 1)]);
  return sink;
}

async function refusal(work: Promise<unknown>): Promise<number> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RequestError) return error.status;
    throw error;
  }
  return 200;
}

test("a visit runs through the states of one on the box", async () => {
  const sink = await heard();
  expect((await document()).state).toBe("recording");
  await here.box.end(ID, 4);
  expect((await document()).state).toBe("transcribing");
  await sink.heard([{ name: "finished", data: { duration: 2 } }]);
  expect((await document()).state).toBe("writing");
  await sink.written(note("Rest."));
  const found = await document();
  expect([found.state, found.note_version, found.duration, found.unsent]).toEqual(["draft", 1, 2, true]);
  expect(found.transcript.turns.map(({ text }) => text)).toEqual(["My knee hurts.", "Since March."]);
});

test("turns that come twice are there once", async () => {
  const sink = await heard();
  await sink.heard([final("My knee hurts.", 0), final("Since March.", 1), final("It clicks.", 2)]);
  expect((await sink.turns()).map(({ text }) => text)).toEqual(["My knee hurts.", "Since March.", "It clicks."]);
  expect((await here.visits.read(ID))?.box.outbox).toHaveLength(3);
});

test("the speech engine goes on after what was heard", async () => {
  await heard();
  const standing = await new LocalSink(ID, here.box).begin();
  expect(standing.committed).toBe(32_000);
  expect(standing.earlier).toEqual([{ text: "My knee hurts.", voice: null }, { text: "Since March.", voice: null }]);
});

test("nothing that was said, written or named is on the tablet in the clear", async () => {
  const sink = await heard();
  await sink.written(note("Rest for a week."));
  await here.chunks.begin(ID, "Anna Berg, knee");
  const samples = new TextEncoder().encode("RIFF of a patient's voice.".padEnd(64)).buffer;
  await here.chunks.append(ID, samples);
  const found = await bytesOf(`${here.name}-visits`, `${here.name}-chunks`);
  expect(found).toContain(ID);
  for (const secret of ["knee", "March", "week", "Anna", "patient's voice"]) expect(found).not.toContain(secret);
  expect(new Uint8Array((await here.chunks.chunk(ID, 0)) ?? new ArrayBuffer(0))).toEqual(new Uint8Array(samples));
  expect((await here.chunks.get(ID))?.title).toBe("Anna Berg, knee");
});

test("the key cannot be read out, and without it nothing opens", async () => {
  await heard();
  const stored = await here.vault.seal("visit/x", new TextEncoder().encode("said"));
  expect(new TextDecoder().decode(await here.vault.open("visit/x", stored))).toBe("said");
  await expect(here.vault.open("visit/y", stored)).rejects.toThrow("was changed");
  await here.vault.shred();
  await expect(here.vault.open("visit/x", stored)).rejects.toThrow("is gone");
  await expect(here.visits.read(ID)).rejects.toThrow("is gone");
  // The next life of the page has no key either.
  const later = await Vault.open(`${here.name}-keys`);
  expect(later.ready).toBe(false);
  later.close();
});

test("a tablet that moved to another room opens what it kept before", async () => {
  await heard();
  await here.vault.adopt(KEY.map((byte) => byte + 1));
  expect((await document()).title).toBe("Anna Berg, knee");
  await here.box.answer(ID, "PATCH", "", { title: "Anna" });
  const { name } = here;
  here.close();
  here = await world(name);
  expect((await document()).title).toBe("Anna");
});

test("another tab sees what one tab does, also under a key that it got later", async () => {
  const other = await world(here.name);
  await here.vault.adopt(KEY.map((byte) => byte + 1));
  await heard();
  const told = new Promise<void>((resolve) => void other.visits.listen(({ events }) => events[0]?.name === "state" && resolve()));
  await here.box.answer(ID, "PATCH", "", { title: "Anna" });
  await told;
  expect(other.visits.summaries.value.map(({ title }) => title)).toEqual(["Anna"]);
  expect(other.visits.has(ID)).toBe(true);
  other.close();
});

test("edits are versions, and one that was made from an older text is refused", async () => {
  const sink = await heard();
  await sink.written(note("Rest."));
  const edit = (version: number, text: string) => here.box.answer(ID, "PUT", "/note", { version, sections: [{ name: "plan", text }] });
  const saved = (await edit(1, "Rest and ice.")) as SavedNote;
  expect([saved.version, saved.note.sections[0]?.text, saved.note.sections[0]?.edited]).toEqual([2, "Rest and ice.", true]);
  expect(await refusal(edit(1, "Run."))).toBe(409);
  expect(await get("/note/versions")).toMatchObject([{ version: 1, author: "model" }, { version: 2, author: "clinician" }]);
  expect(await get("/note/versions/1")).toMatchObject({ note: note("Rest.") });
});

test("the newest note is checked against the turns as they are labelled", async () => {
  const sink = await heard();
  await sink.written(note("Rest."));
  await here.box.answer(ID, "PATCH", "/turns/0", { speaker: "patient" });
  await here.box.answer(ID, "POST", "/speakers/swap", undefined);
  await here.box.check(ID);
  const checked = (await get("/check")) as Checked & { check: { asked: { turns: unknown } } };
  expect(checked.version).toBe(1);
  expect(checked.check.asked.turns).toEqual([{ ...turn("My knee hurts.", 0), speaker: "clinician" }, turn("Since March.", 1)]);
});

test("a drug that may have been said is what the note is written from, until somebody says that it was not", async () => {
  here.close();
  here = await world(here.name, { ...HEARS_METFORMIN, check });
  const sink = await heard();
  await sink.heard([final("Take met 4,500.", 2)]);
  const texts = async () => (await sink.turns()).map(({ text }) => text);
  expect(await texts()).toEqual(["My knee hurts.", "Since March.", "Take metformin 500."]);
  expect((await document()).proposals).toMatchObject([{ turn: 2, drug: "metformin 500", state: "accepted" }]);
  expect((await document()).transcript.turns[2]?.text).toBe("Take met 4,500.");
  await sink.written(note("Rest."));
  await here.box.check(ID);
  const asked = async () => ((await get("/check")) as { check: { asked: { turns: { text: string }[] } } }).check.asked.turns[2]?.text;
  expect(await asked()).toBe("Take metformin 500.");
  const decide = (k: number, state: string) => here.box.answer(ID, "PATCH", `/proposals/${k}`, { state });
  expect(await decide(0, "rejected")).toMatchObject({ k: 0, proposal: { state: "rejected" } });
  expect(await refusal(decide(1, "rejected"))).toBe(404);
  await here.box.check(ID);
  expect([await asked(), (await texts())[2]]).toEqual(["Take met 4,500.", "Take met 4,500."]);
});

test("turns are looked at for drugs once, also by two tabs and in the next life of the page", async () => {
  let looked: number[] = [];
  const rules: Partial<Rules> = {
    ...HEARS_METFORMIN,
    propose: (turns, first) => {
      looked.push(...turns.map((_, n) => first + n));
      return HEARS_METFORMIN.propose(turns, first);
    },
  };
  here.close();
  here = await world(here.name, rules);
  const sink = await heard();
  await sink.heard([final("Take met 4,500.", 2)]);
  const other = await world(here.name, rules);
  await Promise.all([sink.turns(), here.box.readings(ID), other.box.readings(ID)]);
  expect((await document()).proposals).toHaveLength(1);
  looked = [];
  await sink.heard([final("And met 4,500.", 3)]);
  await other.box.readings(ID);
  await sink.turns();
  expect(looked).toEqual([3]);
  expect((await document()).proposals.map(({ turn }) => turn)).toEqual([2, 3]);
  other.close();
});

test("rules that fail cost no turn", async () => {
  const sink = await heard();
  expect((await sink.turns()).map(({ text }) => text)).toEqual(["My knee hurts.", "Since March."]);
});

test("an omission that was dismissed stays so in later checks, until it is listed again", async () => {
  const omissions = ["It clicks.", "Since March."].map((text) => ({ kind: "symptom", text, section: "plan", turns: [1], severity: "minor" as const }));
  here.close();
  here = await world(here.name, { check: async () => ({ sections: [], omissions }) });
  const sink = await heard();
  await sink.written(note("Rest."));
  await here.box.check(ID);
  const judge = (k: number, what: "dismiss" | "restore", version: number) =>
    here.box.answer(ID, "POST", `/omissions/${k}/${what}`, { reason: " An old one. ", version }) as Promise<Checked>;
  expect((await judge(1, "dismiss", 1)).dismissed).toEqual([{ omission: 1, reason: "An old one." }]);
  expect([await refusal(judge(2, "dismiss", 1)), await refusal(judge(0, "dismiss", 2))]).toEqual([404, 409]);
  await here.box.answer(ID, "PUT", "/note", { version: 1, sections: [{ name: "plan", text: "Rest and ice." }] });
  await here.box.check(ID);
  expect(await get("/check")).toMatchObject({ version: 2, dismissed: [{ omission: 1 }] });
  expect((await judge(1, "restore", 2)).dismissed).toEqual([]);
  expect((await here.visits.read(ID))?.decidedOmissions).toEqual([{ kind: "symptom", text: "Since March.", reason: "An old one.", withdrawn: true }]);
});

test("an omission is not judged while the note is checked", async () => {
  const sink = await heard();
  await sink.written(note("Rest."));
  expect(await refusal(here.box.answer(ID, "POST", "/omissions/0/dismiss", { reason: "", version: 1 }))).toBe(409);
});

test("what only the box can do is said to be so", async () => {
  await heard();
  for (const path of ["/sign", "/note", "/note/sections/plan"]) expect(await refusal(here.box.answer(ID, "POST", path, {}))).toBe(409);
  expect(await refusal(here.box.admit(ID))).toBe(0);
});

test("whoever looks at a visit sees it change", async () => {
  const sink = await heard();
  let state = START;
  const stream = here.box.follow(ID);
  const opened = new Promise<void>((resolve) => {
    stream.onopen = () => setTimeout(resolve);
  });
  for (const name of ["snapshot", "state", "partial", "turn", "note", "deleted"] as const) {
    stream.addEventListener(name, ({ data }) => {
      state = reduce(state, { name, data: JSON.parse(data) as never } as EncounterEvent);
    });
  }
  await opened;
  await sink.heard([{ name: "partial", data: { start: 2, end: 3, stable: "It", tentative: "cl" } }]);
  expect(state.partial?.stable).toBe("It");
  await sink.heard([final("It clicks.", 2)]);
  await here.box.end(ID, 6);
  await sink.written(note("Rest."));
  const { received_through: _, updated: __, ...shown } = state.encounter!;
  expect(await document()).toMatchObject(shown);
  await here.box.answer(ID, "DELETE", "", undefined);
  expect(state.deleted).toBe(true);
  stream.close();
});

test("what engines and rules still say of a deleted visit is not kept", async () => {
  let propose: (found: Proposal[]) => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    here.close();
    void world(undefined, { propose: () => new Promise((found) => { propose = found; resolve(); }) }).then(async (fresh) => {
      here = fresh;
      await here.box.start(ID, "Visit 9:00", "soap");
      const sink = new LocalSink(ID, here.box);
      await sink.heard([final("Since met 4,500.", 0)]);
      void sink.turns().catch(() => undefined);
    });
  });
  await asked;
  await here.box.answer(ID, "DELETE", "", undefined);
  propose([{ turn: 0, first: 1, last: 2, said: "met 4,500", drug: "metformin 500", state: "accepted" }]);
  await here.box.written(ID, note("Rest."));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await here.visits.read(ID)).toMatchObject({ deleted: true, proposals: [], versions: [] });
});

test("once a visit is heard to its end, no voice print is left of it", async () => {
  await here.box.start(ID, "Visit 9:00", "soap");
  const sink = new LocalSink(ID, here.box);
  const { name, data } = final("My knee hurts.", 0);
  await sink.heard([{ name, data: { ...(data as object), voice: { print: "AAAA", seconds: 2 } } }]);
  expect(JSON.stringify(await here.visits.read(ID))).toContain("AAAA");
  await here.box.end(ID, 2);
  await sink.heard([{ name: "finished", data: { duration: 1 } }]);
  expect(JSON.stringify(await here.visits.read(ID))).not.toContain("AAAA");
});

test("a deleted visit leaves nothing but the wish to have it deleted on the box", async () => {
  const sink = await heard();
  await here.box.answer(ID, "DELETE", "", undefined);
  expect(await refusal(get())).toBe(404);
  expect(here.visits.summaries.value).toEqual([]);
  await expect(sink.heard([final("More.", 3)])).rejects.toThrow(LostLeaseError);
  expect(await here.visits.read(ID)).toMatchObject({ deleted: true, title: "", turns: [], versions: [] });
});

/** A visit that the box hears, up to the end of a turn. */
const begun = (committed: number, ...texts: string[]): Encounter => ({
  id: ID, title: "Knee", template: "soap", state: "recording", paused: false, engine: "box", created: "2026-03-01T08:00:00.000Z",
  updated: "2026-03-01T08:00:00.000Z", duration: 1, received_through: 1, missing: [], committed, proposals: [], note: null, note_version: 0,
  transcript: { turns: texts.map(turn), gaps: [], duration: 1 }, section: null, signature: null, addenda: [], problem: null,
});

/** Have it seen, with the audio of so many seconds here and on the box. */
async function seen(visit: Encounter, seconds = 3): Promise<void> {
  const next = (await here.chunks.begin(ID, "Knee")).next;
  for (let n = next; n < 2 * seconds; n++) await here.chunks.acknowledge(ID, await here.chunks.append(ID, new ArrayBuffer(16_000)));
  here.box.see(visit);
  await vi.waitFor(async () => expect(await here.chunks.seen(ID)).toEqual(visit));
}

test("a visit that the box began goes on here with all that is known of it", async () => {
  await seen(begun(0, "My knee hurts."));
  // The page has shown a turn and was not told yet how far all are final.
  expect([here.box.has(ID), await here.box.knows(ID), await here.box.takeOver(ID)]).toEqual([false, true, true]);
  const sink = new LocalSink(ID, here.box);
  const standing = await sink.begin();
  expect(standing.turns.map(({ text }) => text)).toEqual(["My knee hurts."]);
  expect([standing.committed, standing.earlier]).toEqual([16_000, [{ text: "My knee hurts.", voice: null }]]);
  await sink.heard([final("My knee hurts.", 0), final("Since March.", 1)]);
  expect((await here.visits.read(ID))?.box).toMatchObject({ created: true, outbox: [final("Since March.", 1)] });
});

test("what was decided on the box of its drugs is known here, and what is decided here goes there", async () => {
  here.close();
  here = await world(here.name, HEARS_METFORMIN);
  const [proposal] = await HEARS_METFORMIN.propose([turn("Take met 4,500.", 0)], 0);
  await seen({ ...begun(16_000, "Take met 4,500."), proposals: [{ ...proposal!, state: "rejected" }] });
  await here.box.takeOver(ID);
  const sink = new LocalSink(ID, here.box);
  expect((await sink.begin()).turns[0]?.text).toBe("Take met 4,500.");
  expect((await here.visits.read(ID))?.box.decided).toBe(false);
  await here.box.answer(ID, "PATCH", "/proposals/0", { state: "accepted" });
  expect((await sink.turns())[0]?.text).toBe("Take metformin 500.");
  expect((await here.visits.read(ID))?.decidedProposals).toEqual([0]);
});

test("a visit that is here already is not taken over once more", async () => {
  await seen(begun(16_000, "My knee hurts."));
  const other = await world(here.name);
  await Promise.all([here.box.takeOver(ID), other.box.takeOver(ID)]);
  await new LocalSink(ID, here.box).heard([final("Since March.", 1)]);
  expect(await other.box.takeOver(ID)).toBe(true);
  expect((await document()).transcript.turns).toHaveLength(2);
  other.close();
});

test("a recording that was ended on this tablet is over, whatever the box knew", async () => {
  await seen(begun(16_000, "My knee hurts."));
  await here.chunks.finish(ID);
  await here.box.takeOver(ID);
  expect(await here.visits.read(ID)).toMatchObject({ chunks: 6 });
  expect((await document()).state).toBe("transcribing");
});

test("of what the box tells only the newest is kept, sealed, and no audio goes that would have to follow it", async () => {
  await seen(begun(16_000, "My knee hurts."));
  await here.chunks.release(ID, 40_000);
  expect(await here.chunks.first(ID)).toBe(2);
  await seen(begun(32_000, "My knee hurts.", "Since March."));
  expect(await here.chunks.first(ID)).toBe(4);
  await here.chunks.see(begun(16_000, "Long ago."));
  expect((await here.chunks.seen(ID))?.committed).toBe(32_000);
  expect(await bytesOf(`${here.name}-chunks`)).not.toContain("March");
});

test("what would have to be followed by audio that is gone is not kept", async () => {
  await here.chunks.begin(ID, "Knee");
  for (let n = 0; n < 6; n++) await here.chunks.acknowledge(ID, await here.chunks.append(ID, new ArrayBuffer(16_000)));
  await here.chunks.release(ID, 40_000);
  await here.chunks.see(begun(16_000, "My knee hurts."));
  expect(await here.box.knows(ID)).toBe(false);
  await here.chunks.see(begun(40_000, "My knee hurts.", "Since March."));
  expect(await here.box.knows(ID)).toBe(true);
});

test.each<[string, () => unknown]>([
  ["its audio is gone", () => here.chunks.forget(ID)],
  ["this tablet is not paired any more", () => here.chunks.clear()],
  ["it is heard to its end", () => here.box.see({ ...begun(16_000, "My knee hurts."), state: "writing" })],
])("a visit is not known any more when %s", async (_, end) => {
  await seen(begun(16_000, "My knee hurts."));
  await end();
  await vi.waitFor(async () => expect(await here.box.knows(ID)).toBe(false));
  expect(await here.box.takeOver(ID)).toBe(false);
});

test("a visit without audio here, or on this tablet alone, is not kept a second time", async () => {
  await here.chunks.see(begun(0));
  expect(await here.box.knows(ID)).toBe(false);
  await seen(begun(16_000, "My knee hurts."));
  await here.box.takeOver(ID);
  here.box.see(await document());
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await here.chunks.seen(ID))?.unsent).toBeUndefined();
});

test("a full tablet keeps audio rather than what is known", async () => {
  await seen(begun(16_000, "My knee hurts."));
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("", "QuotaExceededError");
  };
  await here.chunks.see(begun(32_000, "My knee hurts.", "Since March."));
  IDBObjectStore.prototype.put = put;
  expect(await here.box.knows(ID)).toBe(false);
  await here.chunks.release(ID, 32_000);
  expect(await here.chunks.first(ID)).toBe(4);
});

test("a full tablet says so, and what was kept before stays", async () => {
  const sink = await heard();
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("", "QuotaExceededError");
  };
  await expect(sink.heard([final("It clicks.", 2)])).rejects.toThrow("This tablet has no room to keep the visit.");
  IDBObjectStore.prototype.put = put;
  expect((await document()).transcript.turns).toHaveLength(2);
});
