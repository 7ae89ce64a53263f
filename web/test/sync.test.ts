import { afterEach, beforeEach, expect, test } from "vitest";

import { type Decisions, RequestError } from "../src/api";
import { LocalSink } from "../src/offline/local-sink";
import type { Rules } from "../src/offline/rules";
import { Sync, type SyncApi } from "../src/offline/sync";
import type { EncounterState, Note, Speaker, Turn } from "../src/types";
import { final, HEARS_METFORMIN, ID, note, turn, type World, world } from "./offline-world";

/** What the box has, under the rules of `appliance/kiosk`; tests/kiosk tries the same requests on the real one. */
class Box {
  title = "";
  state: EncounterState = "recording";
  turns: string[] = [];
  /** The turns with their times, as this box cut them. */
  cuts: Turn[] = [];
  committed = 0;
  labels: Record<number, Speaker> = {};
  decisions: Decisions = { proposals: [], omissions: [] };
  versions: { author: string; text: string }[] = [];
  creations = 0;
  deleted = false;
  leases = 0;
  signed = false;
  /** Requests so far. */
  count = 0;
  /** The request that is cut off, and whether it arrived before. */
  cut = { at: -1, arrived: false };

  readonly api: SyncApi = {
    create: ({ title }) => this.#answer(() => {
      if (this.creations === 0) this.title = title;
      this.creations ||= 1;
    }),
    get: () => this.#found(() => ({ state: this.signed ? "signed" : this.state })),
    describe: (_, { title }) => this.#found(() => void (this.title = title ?? this.title)),
    delete: () => this.#found(() => void (this.deleted = true)),
    engine: () => this.#found(() => {
      if (this.state === "draft") throw refused(409);
      return { lease: (this.leases += 1) };
    }),
    heard: (_, events, lease) => this.#found(() => {
      if (lease !== this.leases) throw refused(409);
      for (const { name, data } of events) this.#hear(name, data as { turn: Turn; committed: number });
    }),
    turns: () => this.#found(() => this.cuts),
    speaker: (_, n, speaker) => this.#found(() => {
      if (!this.cuts[n]) throw refused(404);
      this.labels[n] = speaker;
    }),
    decisions: (_, decisions) => this.#found(() => void (this.decisions = decisions)),
    written: (_, { note, after, author }) => this.#found(() => this.#write(note, after, author)),
  };

  #hear(name: string, data: { turn: Turn; committed: number }): void {
    if (name === "finished") {
      if (this.state === "recording") throw refused(409);
      if (this.state === "transcribing") this.state = "writing";
    } else if (data.committed > this.committed) {
      this.turns.push(data.turn.text);
      this.cuts.push(data.turn);
      this.committed = data.committed;
    }
  }

  #write({ sections }: Note, after: number, author: string): { version: number; newest: number } {
    if (this.signed || this.state === "recording" || this.state === "transcribing") throw refused(409);
    const entry = { author, text: sections[0]?.text ?? "" };
    const known = this.versions.findIndex((old, n) => n >= after && old.author === author && old.text === entry.text);
    if (known >= 0) return { version: known + 1, newest: this.versions.length };
    const newest = this.versions.at(-1);
    this.versions.push(entry);
    const later = this.versions.slice(after, -1);
    if (later.every((other) => author === "clinician" && other.author === "model")) {
      this.state = "draft";
      return { version: this.versions.length, newest: this.versions.length };
    }
    this.versions.push(newest!);
    return { version: this.versions.length - 1, newest: this.versions.length };
  }

  #found<T>(work: () => unknown): Promise<T> {
    return this.#answer(() => {
      if (this.deleted || this.creations === 0) throw refused(404);
      return work();
    });
  }

  async #answer<T>(work: () => unknown): Promise<T> {
    const n = this.count++;
    const cut = n === this.cut.at;
    if (cut && !this.cut.arrived) throw refused(0);
    const answer = work();
    if (cut) throw refused(0);
    return answer as T;
  }
}

const refused = (status: number): RequestError => new RequestError(status, { title: "", detail: `status ${status}`, hint: "" });

let here: World;
let box: Box;
let forgotten: string[];
/** How often the box had been asked to leave the visit to the tablet when its audio was let go. */
let leasesAtAudio: number[];
let bothKept: string[];

/** A check that misses something, and a drug in the second turn. */
const omission = { kind: "symptom", text: "Clicking.", section: "plan", turns: [2], severity: "minor" as const };
const rules: Partial<Rules> = { ...HEARS_METFORMIN, check: async () => ({ sections: [], omissions: [omission] }) };

beforeEach(async () => {
  here = await world(undefined, rules);
  box = new Box();
  [forgotten, leasesAtAudio, bothKept] = [[], [], []];
});

afterEach(() => here.close());

/** A life of the page: after a cut, the next one knows only what is on the disk. */
const sync = (): Sync => {
  const audio = {
    retryNow: () => void leasesAtAudio.push(box.leases),
    forget: (id: string) => Promise.resolve(void forgotten.push(id)),
  };
  return new Sync(here.visits, audio, box.api, (_, title) => bothKept.push(title));
};

/** A whole visit: three turns, a drug that was none, a label, a new title, the note, three edits in a row, an omission that does not matter. */
async function visit(): Promise<void> {
  await here.box.start(ID, "Visit 9:00", "soap");
  const sink = new LocalSink(ID, here.box);
  await sink.heard([final("My knee hurts.", 0), final("Since met 4,500.", 1), final("It clicks.", 2)]);
  await sink.turns();
  await here.box.answer(ID, "PATCH", "/proposals/0", { state: "rejected" });
  await here.box.answer(ID, "PATCH", "/turns/1", { speaker: "patient" });
  await here.box.answer(ID, "PATCH", "", { title: "Knee" });
  await here.box.end(ID, 6);
  await sink.heard([{ name: "finished", data: { duration: 3 } }]);
  await sink.written(note("Rest."));
  for (const [n, text] of ["Rest and", "Rest and ice", "Rest and ice."].entries()) {
    await here.box.answer(ID, "PUT", "/note", { version: n + 1, sections: [{ name: "plan", text }] });
  }
  await here.box.check(ID);
  await here.box.answer(ID, "POST", "/omissions/0/dismiss", { reason: "An old one.", version: 4 });
}

/** The audio is there, and the box knows that it is over. */
const audioArrives = (): void => {
  if (box.creations > 0 && box.state === "recording") box.state = "transcribing";
};

function expectAll(): void {
  expect(box.title).toBe("Knee");
  expect(box.turns).toEqual(["My knee hurts.", "Since met 4,500.", "It clicks."]);
  expect(box.labels).toEqual({ 1: "patient" });
  expect(box.decisions.proposals).toMatchObject([{ turn: 1, drug: "metformin 500", state: "rejected" }]);
  expect(box.decisions.omissions).toEqual([{ kind: "symptom", text: "Clicking.", reason: "An old one.", withdrawn: false }]);
  expect(box.versions).toEqual([{ author: "model", text: "Rest." }, { author: "clinician", text: "Rest and ice." }]);
  expect(box.creations).toBe(1);
}

test("the box does not get the audio before it leaves the visit to the tablet, and keeps to that while the audio comes", async () => {
  await visit();
  expect(await sync().bring(ID)).toBe("waiting");
  expect(leasesAtAudio).toEqual([1]);
  expect(await sync().bring(ID)).toBe("waiting");
  expect(box.leases).toBeGreaterThan(2);
});

test("a visit of which nothing was heard here is the box's from the start", async () => {
  await here.box.start(ID, "Visit 9:00", "soap");
  await here.box.end(ID, 6);
  expect(await sync().bring(ID)).toBe("waiting");
  expect([leasesAtAudio, box.leases]).toEqual([[0], 0]);
});

test("a visit goes to the box, and only then is it gone from the tablet", async () => {
  await visit();
  expect(await sync().bring(ID)).toBe("waiting");
  expect(here.visits.ids).toEqual([ID]);
  expect(box.versions).toEqual([]);
  audioArrives();
  expect(await sync().bring(ID)).toBe("brought");
  expectAll();
  expect(here.visits.ids).toEqual([]);
  expect(forgotten).toEqual([ID]);
});

test("cut off at any request, before or after it arrived, it goes on and nothing is there twice", { timeout: 60_000 }, async () => {
  let cuts = 0;
  for (const arrived of [false, true]) {
    for (let at = 0, done = false; !done; at++) {
      here.close();
      here = await world(undefined, rules);
      box = new Box();
      box.cut = { at, arrived };
      await visit();
      let failures = 0;
      for (let attempt = 0; here.visits.ids.length > 0; attempt++) {
        expect(attempt).toBeLessThan(6);
        const { name } = here;
        here.close();
        here = await world(name, rules);
        await sync().bring(ID).catch((error: unknown) => {
          expect((error as RequestError).status).toBe(0);
          failures += 1;
        });
        audioArrives();
      }
      expectAll();
      cuts += failures;
      done = failures === 0;
    }
  }
  // Create, lease, look, lease again; then, with the audio there, look, lease, heard, turns, label, decisions, two versions.
  expect(cuts).toBe(2 * 12);
});

test("a visit that is still recorded goes to the box with what was heard so far, and on there", async () => {
  await here.box.start(ID, "Visit 9:00", "soap");
  const sink = new LocalSink(ID, here.box);
  await sink.heard([final("My knee hurts.", 0)]);
  expect(await sync().bring(ID)).toBe("brought");
  expect([box.turns, box.state, here.visits.ids]).toEqual([["My knee hurts."], "recording", []]);
  // Its audio is still needed.
  expect(forgotten).toEqual([]);
  await expect(sink.heard([final("Since met 4,500.", 1)])).rejects.toThrow();
});

test("a visit without engines goes to the box to be heard there", async () => {
  await here.box.start(ID, "Visit 9:00", "soap");
  await here.box.end(ID, 6);
  expect(await sync().bring(ID)).toBe("waiting");
  audioArrives();
  expect(await sync().bring(ID)).toBe("brought");
  expect([box.leases, box.turns]).toEqual([0, []]);
});

test("both sides of a conflict are kept, and the clinician is told", async () => {
  await visit();
  await sync().bring(ID);
  audioArrives();
  box.state = "draft";
  box.versions = [{ author: "model", text: "Written by the box." }, { author: "clinician", text: "Changed on the box." }];
  expect(await sync().bring(ID)).toBe("brought");
  const texts = box.versions.map(({ text }) => text);
  expect(new Set(texts)).toEqual(new Set(["Written by the box.", "Changed on the box.", "Rest.", "Rest and ice."]));
  expect(texts.at(-1)).toBe("Changed on the box.");
  expect(bothKept).toEqual(["Knee", "Knee"]);
});

test("a note that was signed meanwhile keeps the tablet's, which says so", async () => {
  await visit();
  await sync().bring(ID);
  box.state = "draft";
  box.signed = true;
  expect(await sync().bring(ID)).toBe("refused");
  const kept = await here.visits.read(ID);
  expect(kept?.problem?.detail).toContain("The box does not take this visit");
  expect(kept?.versions).toHaveLength(4);
  expect(await sync().bring(ID)).toBe("refused");
});

test("a lease that was lost is asked for again", async () => {
  await visit();
  await sync().bring(ID);
  audioArrives();
  const { engine } = box.api;
  box.api.engine = async (id, on) => {
    const answer = await engine(id, on);
    box.leases += 1;
    box.api.engine = engine;
    return answer;
  };
  expect(await sync().bring(ID)).toBe("waiting");
  expect(await sync().bring(ID)).toBe("brought");
  expectAll();
});

test("labels and decisions find their turns on a box that cut others", async () => {
  await visit();
  await here.box.answer(ID, "PATCH", "/turns/2", { speaker: "clinician" });
  await sync().bring(ID);
  audioArrives();
  // Before the tablet went on, the box had heard the first turn as two, and never the last.
  box.state = "writing";
  box.committed = 48_000;
  box.cuts = [{ ...turn("My", 0), end: 0.4 }, { ...turn("knee hurts.", 0), start: 0.4 }, turn("Since met 4,500.", 1)];
  expect(await sync().bring(ID)).toBe("brought");
  expect(box.labels).toEqual({ 2: "patient" });
  expect(box.decisions.proposals).toMatchObject([{ turn: 2, drug: "metformin 500", state: "rejected" }]);
});

test("what the box does not know of a visit deletes nothing", async () => {
  await visit();
  await sync().bring(ID);
  audioArrives();
  box.api.decisions = () => Promise.reject(refused(404));
  expect(await sync().bring(ID)).toBe("refused");
  expect((await here.visits.read(ID))?.versions).toHaveLength(4);
  expect(forgotten).toEqual([]);
});

test("a visit that was deleted on the box goes from the tablet, and the other way round", async () => {
  await visit();
  await sync().bring(ID);
  box.deleted = true;
  expect(await sync().bring(ID)).toBe("deleted");
  expect([here.visits.ids, forgotten]).toEqual([[], [ID]]);

  box = new Box();
  await visit();
  await sync().bring(ID);
  await here.box.answer(ID, "DELETE", "", undefined);
  expect(await sync().bring(ID)).toBe("deleted");
  expect([box.deleted, here.visits.ids]).toEqual([true, []]);
});

test("a tablet that is not paired any more hears of it", async () => {
  await visit();
  box.api.create = () => Promise.reject(refused(401));
  await expect(sync().bring(ID)).rejects.toMatchObject({ status: 401 });
});
