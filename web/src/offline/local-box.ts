/** Answers for the box about the visits that are on this tablet, in the shapes of the kiosk's HTTP API. */

import { RequestError } from "../api";
import type { EncounterEvent } from "../encounter/state";
import type { ChunkStore } from "../upload/chunk-store";
import type { Checked, Encounter, Note, Proposal, SectionEdit, Speaker, Turn } from "../types";
import { LocalStream } from "./local-stream";
import type { LocalVisits } from "./local-visits";
import { addVersion, checkedOf, documentOf, edited, type LocalVisit, newVisit, stateOf, summaryOf, takenOver, turnsOf } from "./local-visit";
import type { Rules } from "./rules";
import { stretchAddress } from "./stretch";

const OTHER: Record<Speaker, Speaker> = { clinician: "patient", patient: "clinician", unknown: "unknown" };

export class LocalBox {
  readonly visits: LocalVisits;
  readonly #chunks: ChunkStore;
  readonly #rules: Rules;
  readonly #checking = new Map<string, Promise<void>>();
  readonly #proposing = new Map<string, Promise<void>>();
  #seen: Encounter | null = null;
  #keeping = false;

  constructor(visits: LocalVisits, chunks: ChunkStore, rules: Rules) {
    this.visits = visits;
    this.#chunks = chunks;
    this.#rules = rules;
  }

  /** Start a visit that the box hears of later. */
  async start(id: string, title: string, template: string): Promise<Encounter> {
    const visit = newVisit(id, title, template, new Date());
    await this.visits.add(visit);
    return documentOf(visit);
  }

  has(id: string): boolean {
    return this.visits.has(id);
  }

  /** What the box tells of a visit: kept while its audio is here and is not heard to its end. */
  see(visit: Encounter): void {
    if (visit.unsent || visit === this.#seen) return;
    this.#seen = visit;
    if (!this.#keeping) void this.#keepSeen();
  }

  /** Whether this tablet could go on with a visit that the box has. */
  async knows(id: string): Promise<boolean> {
    return (await this.#chunks.seen(id).catch(() => undefined)) !== undefined;
  }

  /**
   * Go on here with a visit that the box has, as the box told it last.
   *
   * @returns Whether it is here.
   * @throws LocalStorageError The tablet's storage is full.
   */
  async takeOver(id: string): Promise<boolean> {
    if (this.has(id)) return true;
    const [known, recording] = [await this.#chunks.seen(id), await this.#chunks.get(id)];
    if (!known || !recording) return false;
    await this.visits.add(takenOver(known, recording.finished ? recording.next : null));
    return true;
  }

  /** Whether a visit here has its note. */
  isWritten(id: string): boolean {
    return this.visits.summaries.peek().some((visit) => visit.id === id && visit.state === "draft");
  }

  /** What happens to a visit, for as long as it is here. */
  follow(id: string): LocalStream {
    return new LocalStream(id, this.visits, () => this.#opened(id));
  }

  /** Be told when a visit comes to this tablet or goes to the box; returns how to end that. */
  onMoved(id: string, listener: () => void): () => void {
    return this.visits.listen((told) => {
      if (told.moved && told.id === id) listener();
    });
  }

  /** The recording was ended on this tablet with so many chunks. */
  async end(id: string, chunks: number): Promise<void> {
    await this.visits.change(id, (visit) => {
      visit.chunks ??= chunks;
      return [changed(visit)];
    });
  }

  /**
   * Let audio go to the box, if it has the visit.
   *
   * @throws RequestError It does not; a later attempt may find that it does.
   */
  async admit(id: string): Promise<void> {
    const visit = await this.visits.read(id);
    if (visit && !visit.box.created) throw new RequestError(0, AWAY);
  }

  /** Where a stretch of the recording can be heard; null if this tablet does not have all of it. */
  stretch(id: string, start: number, end: number): Promise<string | null> {
    return stretchAddress(this.#chunks, id, start, end);
  }

  /**
   * Answer a request.
   *
   * @param path What follows the encounter's own address, such as `/note`.
   * @throws RequestError The request does not fit how the visit stands, or only the box can do it.
   */
  async answer(id: string, method: string, path: string, body: unknown): Promise<unknown> {
    const [, what, number, ...rest] = path.split("/");
    if (rest.length === 0) {
      switch (`${method} ${what ?? ""}`) {
        case "GET ":
          return documentOf(await this.#visit(id));
        case "PATCH ":
          return documentOf(await this.#describe(id, body as { title?: string; paused?: boolean }));
        case "DELETE ":
          return this.#delete(id);
        case "PUT note":
          return this.#edit(id, body as { version: number; sections: SectionEdit[] });
        case "GET check":
          return this.#checked(id);
        case "PATCH turns":
          return this.#label(id, () => ({ [Number(number)]: (body as { speaker: Speaker }).speaker }));
        case "PATCH proposals":
          return this.#decide(id, Number(number), (body as { state: Proposal["state"] }).state);
        case "POST speakers":
          return this.#label(id, (visit) => Object.fromEntries(turnsOf(visit).flatMap((turn, n) => swapped(n, turn.speaker))));
      }
    }
    if (method === "POST" && what === "omissions" && (rest[0] === "dismiss" || rest[0] === "restore")) {
      return this.#judge(id, Number(number), rest[0] === "dismiss", body as { reason?: string; version: number });
    }
    if (method === "GET" && what === "note" && number === "versions") return this.#versions(id, rest[0]);
    throw new RequestError(409, ONLY_THE_BOX);
  }

  /** A note of this tablet's engine. */
  async written(id: string, note: Note): Promise<void> {
    const visit = await this.visits.change(id, (visit) => (visit.deleted ? [] : noted(visit, addVersion(visit, note, "model", new Date()))));
    if (visit) void this.check(id);
  }

  /** The turns of a visit as its note is written from them; undefined if it is not here. */
  async readings(id: string): Promise<Turn[] | undefined> {
    await this.#propose(id);
    const visit = await this.visits.read(id);
    return visit && !visit.deleted ? this.#read(visit) : undefined;
  }

  /** The turns as they read with the accepted proposals; as they were heard, if the rules fail: no turn is lost by that. */
  async #read(visit: LocalVisit): Promise<Turn[]> {
    const turns = turnsOf(visit);
    if (!visit.proposals.some(({ state }) => state === "accepted")) return turns;
    return this.#rules.correct(turns, visit.proposals).catch(() => turns);
  }

  /** Look for misheard drugs in the turns that are new; resolves when nothing is left to look at. */
  #propose(id: string): Promise<void> {
    const proposing = this.#proposing.get(id) ?? this.#proposeAll(id).finally(() => this.#proposing.delete(id));
    this.#proposing.set(id, proposing);
    return proposing;
  }

  /** Check the newest note; resolves when nothing is left to check. */
  check(id: string): Promise<void> {
    const checking = this.#checking.get(id) ?? this.#checkAll(id).finally(() => this.#checking.delete(id));
    this.#checking.set(id, checking);
    return checking;
  }

  /** Only the newest counts: of what comes while one is kept, the last is next. */
  async #keepSeen(): Promise<void> {
    this.#keeping = true;
    for (let kept: Encounter | null = null; kept !== this.#seen && this.#seen; ) {
      kept = this.#seen;
      const heard = kept.state !== "recording" && kept.state !== "transcribing";
      await (heard ? this.#chunks.unsee(kept.id) : this.#chunks.see(kept)).catch(() => undefined);
    }
    this.#keeping = false;
  }

  async #proposeAll(id: string): Promise<void> {
    try {
      for (let visit = await this.visits.read(id); visit && visit.proposed < visit.turns.length; visit = await this.visits.read(id)) {
        const { proposed: first, turns } = visit;
        const found = await this.#rules.propose(turns.slice(first), first);
        await this.visits.change(id, (now) => {
          // Another tab may have looked at them.
          if (now.deleted || now.proposed !== first) return [];
          now.proposed = turns.length;
          const events = found.map((proposal, n) => ({ name: "proposal" as const, data: { k: now.proposals.length + n, proposal } }));
          now.proposals.push(...found);
          return events;
        });
      }
    } catch {
      // The next turn asks again; the box makes its own proposals when it has the turns.
    }
  }

  async #checkAll(id: string): Promise<void> {
    try {
      for (let visit = await this.visits.read(id); visit && pending(visit); visit = await this.visits.read(id)) {
        const asked = visit;
        const { template, sections } = asked.versions.at(-1)!.note;
        const check = await this.#rules.check(JSON.stringify({ template, sections, turns: await this.#read(asked) }));
        await this.visits.change(id, (now) => {
          if (!same(asked, now)) return [];
          now.check = check;
          return [{ name: "check", data: checkedOf(now) }];
        });
      }
    } catch {
      // The note can be used without; the next look at it asks again, and so does the box.
    }
  }

  async #opened(id: string): Promise<Encounter | null> {
    const visit = await this.visits.read(id).catch(() => undefined);
    return visit && !visit.deleted ? documentOf(visit) : null;
  }

  async #visit(id: string): Promise<LocalVisit> {
    const visit = await this.visits.read(id);
    if (!visit || visit.deleted) throw new RequestError(404, GONE);
    return visit;
  }

  async #change(id: string, edit: (visit: LocalVisit) => EncounterEvent[]): Promise<LocalVisit> {
    const visit = await this.visits.change(id, (visit) => (visit.deleted ? [] : edit(visit)));
    if (!visit || visit.deleted) throw new RequestError(404, GONE);
    return visit;
  }

  #describe(id: string, { title, paused }: { title?: string; paused?: boolean }): Promise<LocalVisit> {
    return this.#change(id, (visit) => {
      visit.paused = paused ?? visit.paused;
      visit.box.renamed ||= title !== undefined && title !== visit.title;
      visit.title = title ?? visit.title;
      return [changed(visit)];
    });
  }

  /** The box may have the encounter although its answer was lost, so it has to be told. */
  async #delete(id: string): Promise<void> {
    await this.visits.change(id, (visit) => {
      const { box, template, created } = visit;
      Object.assign(visit, newVisit(id, "", template, new Date(created)), { deleted: true, box: { ...box, outbox: [] } });
      return [{ name: "deleted", data: null }];
    });
  }

  async #edit(id: string, { version, sections }: { version: number; sections: SectionEdit[] }): Promise<unknown> {
    const visit = await this.#change(id, (visit) => {
      const newest = visit.versions.at(-1);
      if (newest?.version !== version) throw new RequestError(409, CHANGED);
      return noted(visit, addVersion(visit, edited(newest.note, sections), "clinician", new Date()));
    });
    void this.check(id);
    const newest = visit.versions.at(-1)!;
    return { version: newest.version, note: newest.note };
  }

  async #checked(id: string): Promise<Checked> {
    const visit = await this.#visit(id);
    if (visit.versions.length === 0) throw new RequestError(404, NO_NOTE);
    if (pending(visit)) void this.check(id);
    return checkedOf(visit);
  }

  /** Say whether an omission does not belong into the note; the same rules as in `appliance/kiosk/review.py`. */
  async #judge(id: string, k: number, dismissed: boolean, { reason = "", version }: { reason?: string; version: number }): Promise<Checked> {
    const visit = await this.#change(id, (visit) => {
      if (visit.versions.at(-1)?.version !== version || !visit.check) throw new RequestError(409, CHECKING);
      const omission = visit.check.omissions[k];
      if (!omission) throw new RequestError(404, GONE);
      if (checkedOf(visit).dismissed.some((entry) => entry.omission === k) === dismissed) return [];
      const { kind, text } = omission;
      const others = visit.decidedOmissions.filter((said) => said.kind !== kind || said.text !== text);
      visit.decidedOmissions = [...others, { kind, text, reason: reason.trim(), withdrawn: !dismissed }];
      visit.box.decided = true;
      return [{ name: "check", data: checkedOf(visit) }];
    });
    return checkedOf(visit);
  }

  async #decide(id: string, k: number, state: Proposal["state"]): Promise<{ k: number; proposal: Proposal }> {
    const visit = await this.#change(id, (visit) => {
      const known = visit.proposals[k];
      if (!known) throw new RequestError(404, GONE);
      if (known.state === state) return [];
      const proposal = { ...known, state };
      visit.proposals[k] = proposal;
      visit.decidedProposals = [...new Set(visit.decidedProposals).add(k)];
      visit.box.decided = true;
      visit.check = null;
      return [{ name: "proposal", data: { k, proposal } }];
    });
    if (visit.versions.length > 0) void this.check(id);
    return { k, proposal: visit.proposals[k]! };
  }

  async #label(id: string, choose: (visit: LocalVisit) => Record<number, Speaker>): Promise<Encounter> {
    const visit = await this.#change(id, (visit) => {
      const labels = choose(visit);
      Object.assign(visit.labels, labels);
      visit.check = null;
      return turnsOf(visit).flatMap((turn, n) => (n in labels ? [{ name: "turn" as const, data: { n, turn } }] : []));
    });
    if (visit.versions.length > 0) void this.check(id);
    return documentOf(visit);
  }

  async #versions(id: string, number: string | undefined): Promise<unknown> {
    const { versions } = await this.#visit(id);
    if (number === undefined) return versions.map(({ version, author, created }) => ({ version, author, created }));
    const found = versions.find(({ version }) => String(version) === number);
    if (!found) throw new RequestError(404, GONE);
    return found;
  }
}

/** The event that says how a visit stands. */
export const changed = (visit: LocalVisit): EncounterEvent => ({ name: "state", data: summaryOf(visit) });

const pending = ({ versions, check, deleted }: LocalVisit): boolean => versions.length > 0 && check === null && !deleted;

/** Whether a check of the one is a check of the other. */
const same = (asked: LocalVisit, now: LocalVisit): boolean =>
  asked.versions.length === now.versions.length && JSON.stringify(readOf(asked)) === JSON.stringify(readOf(now));

const readOf = (visit: LocalVisit): unknown[] => [turnsOf(visit), visit.proposals];

const noted = (visit: LocalVisit, { version, note }: { version: number; note: Note }): EncounterEvent[] => [
  { name: "note", data: { version, note } },
  ...(stateOf(visit) === "draft" ? [changed(visit)] : []),
];

const swapped = (n: number, speaker: Speaker): [number, Speaker][] => (speaker === "unknown" ? [] : [[n, OTHER[speaker]]]);

const AWAY = { title: "No connection", detail: "The box does not have this visit yet.", hint: "It is kept on this tablet." };
const GONE = { title: "Not found", detail: "There is no such visit on this tablet.", hint: "Look at the list of visits." };
const NO_NOTE = { title: "Not found", detail: "There is no note yet.", hint: "Finish the visit and wait until it is written." };
const CHANGED = { title: "Conflict", detail: "The note was changed in another tab.", hint: "Load it again." };
const CHECKING = { title: "Conflict", detail: "The note is being checked again.", hint: "Wait for the new check and repeat it there." };
const ONLY_THE_BOX = {
  title: "Not without the box",
  detail: "Only the box can do that.",
  hint: "This visit is kept on this tablet and goes to the box as soon as it is there.",
};
