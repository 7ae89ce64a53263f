import { afterEach, beforeEach, expect, test } from "vitest";

import { RequestError } from "../src/api";
import { type EncounterEvent, reduce, START } from "../src/encounter/state";
import { LocalSink } from "../src/offline/local-sink";
import { LostLeaseError } from "../src/scribe/sink";
import type { Checked, Encounter, SavedNote } from "../src/types";
import { bytesOf, final, ID, KEY, note, turn, type World, world } from "./offline-world";
import { Vault } from "../src/offline/vault";

let here: World;

beforeEach(async () => {
  here = await world(undefined, (body) => Promise.resolve({ sections: [], omissions: [], asked: JSON.parse(body) }));
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

test("what only the box can do is said to be so", async () => {
  await heard();
  for (const path of ["/sign", "/note", "/omissions/0/dismiss"]) expect(await refusal(here.box.answer(ID, "POST", path, {}))).toBe(409);
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

test("a deleted visit leaves nothing but the wish to have it deleted on the box", async () => {
  const sink = await heard();
  await here.box.answer(ID, "DELETE", "", undefined);
  expect(await refusal(get())).toBe(404);
  expect(here.visits.summaries.value).toEqual([]);
  await expect(sink.heard([final("More.", 3)])).rejects.toThrow(LostLeaseError);
  expect(await here.visits.read(ID)).toMatchObject({ deleted: true, title: "", turns: [], versions: [] });
});

test("a visit that the box began goes on here with all that is known of it", async () => {
  const begun: Encounter = {
    id: ID, title: "Knee", template: "soap", state: "recording", paused: false, engine: "tablet", created: "2026-03-01T08:00:00.000Z",
    updated: "2026-03-01T08:00:00.000Z", duration: 1, received_through: 1, missing: [], committed: 0, proposals: [], note: null, note_version: 0,
    transcript: { turns: [turn("My knee hurts.", 0)], gaps: [], duration: 1 }, section: null, signature: null, addenda: [], problem: null,
  };
  const sink = new LocalSink(ID, here.box, { encounter: begun, standing: { committed: 0, earlier: [{ text: "My knee hurts." }] } });
  expect((await sink.begin()).turns.map(({ text }) => text)).toEqual(["My knee hurts."]);
  await sink.heard([final("My knee hurts.", 0), final("Since March.", 1)]);
  expect((await here.visits.read(ID))?.box).toMatchObject({ created: true, outbox: [final("Since March.", 1)] });
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
