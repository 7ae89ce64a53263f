/** Brings the visits of this tablet to the box, step by step: each may be repeated, and what the box has acknowledged is not sent again. */

import { type bring, type bringEncounter, explain, RequestError } from "../api";
import type { Speaker, Turn } from "../types";
import type { LocalVisits } from "./local-visits";
import { decisionsOf, documentOf, isBrought, type LocalVisit, unsentVersions } from "./local-visit";

/** The requests that are needed. */
export type SyncApi = Pick<typeof bring, "get" | "describe" | "delete" | "engine" | "heard" | "speaker" | "decisions" | "turns" | "written"> & {
  create: typeof bringEncounter;
};

/** What is done with the audio of a visit, which has its own queue. */
export interface Audio {
  /** The box can take it now. */
  retryNow(encounter: string): void;
  forget(encounter: string): Promise<void>;
}

/** How a visit got on. `waiting`: the rest has to wait for its audio. `refused`: the box does not take the rest. */
export type Outcome = "brought" | "waiting" | "refused" | "deleted";

/** States in which somebody still hears or writes a visit. */
const LIVE: ReadonlySet<string> = new Set(["recording", "transcribing", "writing"]);
const KEPT = "It stays on this tablet: copy what is needed, then delete it here.";
/** Events of one request: a long visit would be too large for one. */
const BATCH = 50;

export class Sync {
  readonly #visits: LocalVisits;
  readonly #audio: Audio;
  readonly #api: SyncApi;
  readonly #onBothKept: (id: string, title: string) => void;

  /** @param onBothKept A note was changed on the box and on this tablet: both are there now. */
  constructor(visits: LocalVisits, audio: Audio, requests: SyncApi, onBothKept: (id: string, title: string) => void) {
    this.#visits = visits;
    this.#audio = audio;
    this.#api = requests;
    this.#onBothKept = onBothKept;
  }

  /**
   * Bring one visit as far as it goes now.
   *
   * @throws RequestError The box is away again, or too busy; 401 when this tablet is not paired any more.
   */
  async bring(id: string): Promise<Outcome> {
    try {
      return await this.#bring(id);
    } catch (error) {
      if (!(error instanceof RequestError) || error.temporary || error.status === 401) throw error;
      // The lease ran out, or the box is not as far as it was thought to be: the next attempt begins with how it stands.
      if (error.status === 409 && (await this.#api.get(id)).state !== "signed") return "waiting";
      if (error.status === 404 && (await this.#isGone(id))) {
        // Somebody deleted it on the box.
        await this.#forget(id);
        return "deleted";
      }
      await this.#visits.change(id, (visit) => {
        visit.box.refused = explain(error);
        visit.problem = { title: "Not on the box", detail: `The box does not take this visit: ${visit.box.refused}`, hint: KEPT };
        return [{ name: "snapshot", data: documentOf(visit) }];
      });
      return "refused";
    }
  }

  async #bring(id: string): Promise<Outcome> {
    const visit = await this.#visits.read(id);
    if (!visit) return "brought";
    if (visit.deleted) {
      await this.#api.delete(id).catch(unlessNotFound);
      await this.#forget(id);
      return "deleted";
    }
    if (visit.box.refused !== null) return "refused";
    if (!visit.box.created) await this.#create(visit);
    else if (visit.box.renamed) await this.#rename(visit);
    const { state } = await this.#api.get(id);
    const live = LIVE.has(state);
    if (isHeardHere(visit)) {
      // While this tablet brings what it heard, the box does not hear the same once more.
      const lease = live ? (await this.#api.engine(id, "tablet")).lease : null;
      if (visit.chunks !== null && state === "recording") return "waiting";
      await this.#sendHeard(id, lease);
    }
    if (visit.chunks !== null && state === "recording") return "waiting";
    await this.#sendDecisions(id);
    await this.#sendVersions(id);
    const gone = await this.#visits.remove(id, (now) => !now.deleted && isBrought(now));
    if (!gone) return "waiting";
    if (visit.versions.length > 0) await this.#audio.forget(id);
    return "brought";
  }

  async #create(visit: LocalVisit): Promise<void> {
    const { id, title, template, created } = visit;
    await this.#api.create({ id, title, template, created });
    // Before the audio goes there: a quick box would hear, and write, what this tablet brings.
    if (isHeardHere(visit)) await this.#api.engine(id, "tablet");
    await this.#visits.change(id, (now) => {
      now.box.created = true;
      now.box.renamed = now.title !== title;
      return [];
    });
    this.#audio.retryNow(id);
  }

  async #rename({ id, title }: LocalVisit): Promise<void> {
    await this.#api.describe(id, { title });
    await this.#visits.change(id, (now) => {
      now.box.renamed = now.title !== title;
      return [];
    });
  }

  /** @param lease Null where the box has heard the whole recording itself: it has every turn. */
  async #sendHeard(id: string, lease: number | null): Promise<void> {
    for (;;) {
      const events = (await this.#visits.read(id))?.box.outbox.slice(0, BATCH) ?? [];
      if (events.length === 0) return;
      if (lease !== null) await this.#api.heard(id, events, lease);
      await this.#visits.change(id, ({ box }) => {
        box.outbox.splice(0, events.length);
        return [];
      });
    }
  }

  /** Labels and decisions name turns, which the box may have cut elsewhere than this tablet. */
  async #sendDecisions(id: string): Promise<void> {
    const visit = await this.#visits.read(id);
    if (!visit || !(visit.box.decided || Object.keys(visit.labels).length > 0)) return;
    const there = placesOf(visit.turns, await this.#api.turns(id, 0));
    await this.#sendLabels(id, visit.labels, there);
    if (visit.box.decided) await this.#sendDecided(id, visit, there);
  }

  async #sendLabels(id: string, labels: Record<number, Speaker>, there: Places): Promise<void> {
    for (const [n, speaker] of Object.entries(labels) as [string, Speaker][]) {
      const place = there[Number(n)];
      // Nobody spoke there, as the box heard it.
      if (place !== undefined) await this.#api.speaker(id, place, speaker);
      await this.#visits.change(id, (now) => {
        // The label stands in the turn from here on.
        const turn = now.turns[Number(n)];
        if (turn) now.turns[Number(n)] = { ...turn, speaker };
        if (now.labels[Number(n)] === speaker) delete now.labels[Number(n)];
        return [];
      });
    }
  }

  async #sendDecided(id: string, visit: LocalVisit, there: Places): Promise<void> {
    const decisions = decisionsOf(visit);
    const proposals = decisions.proposals.flatMap((proposal) => {
      const turn = there[proposal.turn];
      return turn === undefined ? [] : [{ ...proposal, turn }];
    });
    await this.#api.decisions(id, { ...decisions, proposals });
    await this.#visits.change(id, (now) => {
      now.box.decided = JSON.stringify(decisionsOf(now)) !== JSON.stringify(decisions);
      return [];
    });
  }

  async #sendVersions(id: string): Promise<void> {
    for (;;) {
      const visit = await this.#visits.read(id);
      const [next] = visit ? unsentVersions(visit) : [];
      if (!visit || !next) return;
      const { note, author, turns } = next;
      const { version, newest } = await this.#api.written(id, { note, author, turns, after: visit.box.after });
      if (newest !== version) this.#onBothKept(id, visit.title);
      await this.#visits.change(id, (now) => {
        now.box.after = version;
        now.box.versions = now.versions.findIndex((known) => known.version === next.version) + 1;
        return [];
      });
    }
  }

  /** Whether the box has no such visit, and not only no such part of it. */
  async #isGone(id: string): Promise<boolean> {
    try {
      await this.#api.get(id);
      return false;
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return true;
      throw error;
    }
  }

  async #forget(id: string): Promise<void> {
    await this.#audio.forget(id);
    await this.#visits.remove(id);
  }
}

/** By the number of a turn here, that of the turn there in which most of it was said; undefined where none was. */
type Places = (number | undefined)[];

function placesOf(here: Turn[], there: Turn[]): Places {
  return here.map((turn) => {
    const shared = there.map(({ start, end }) => Math.min(turn.end, end) - Math.max(turn.start, start));
    const most = Math.max(0, ...shared);
    return most > 0 ? shared.indexOf(most) : undefined;
  });
}

/** Whether there is something to bring that the box would otherwise hear or write itself. */
const isHeardHere = ({ box, versions }: LocalVisit): boolean => box.outbox.length > 0 || versions.length > box.versions;

function unlessNotFound(error: unknown): void {
  if (!(error instanceof RequestError) || error.status !== 404) throw error;
}
