/** Keeps what the engines of this tablet hear and write while the box is away. */

import { LostLeaseError, type Sink, type SpeechEvent, type Standing } from "../scribe/sink";
import type { EncounterEvent } from "../encounter/state";
import type { EncounterEvents, Note, Turn } from "../types";
import { changed, type LocalBox } from "./local-box";
import { hear, type LocalVisit, turnsOf } from "./local-visit";

export class LocalSink implements Sink {
  readonly #id: string;
  readonly #box: LocalBox;

  /** @param id Of a visit that is on this tablet; one that the box began is brought here by `LocalBox.takeOver`. */
  constructor(id: string, box: LocalBox) {
    this.#id = id;
    this.#box = box;
  }

  /** @throws LostLeaseError The box has the visit, or its note is written. */
  async begin(): Promise<Standing> {
    const visit = await this.#box.visits.read(this.#id);
    // A note that is there may have been edited: it is not written over.
    if (!visit || visit.deleted || visit.versions.length > 0) throw new LostLeaseError();
    return { heard: visit.duration !== null, committed: visit.committed, earlier: visit.earlier, turns: await this.turns() };
  }

  async heard(events: SpeechEvent[]): Promise<void> {
    const kept = events.filter(({ name }) => name !== "partial");
    if (kept.length > 0) {
      const visit = await this.#box.visits.change(this.#id, (visit) => kept.flatMap((event) => heardBy(visit, event)));
      if (!visit || visit.deleted) throw new LostLeaseError();
    } else if (!this.#box.has(this.#id)) throw new LostLeaseError();
    // What is being said right now is worth nothing a moment later.
    const partial = events.findLast(({ name }) => name === "partial");
    if (partial) this.#box.visits.show(this.#id, [{ name: "partial", data: partial.data as EncounterEvents["partial"] }]);
  }

  async turns(): Promise<Turn[]> {
    const turns = await this.#box.readings(this.#id);
    if (!turns) throw new LostLeaseError();
    return turns;
  }

  async written(note: Note): Promise<void> {
    if (!this.#box.has(this.#id)) throw new LostLeaseError();
    await this.#box.written(this.#id, note);
  }

  async end(): Promise<void> {
    // There is nobody to give it back to.
  }
}

/** Take one event, and say what it means for who looks at the visit. */
function heardBy(visit: LocalVisit, event: SpeechEvent): EncounterEvent[] {
  if (visit.deleted) return [];
  const before = turnsOf(visit);
  if (!hear(visit, event)) return [];
  if (event.name === "gap") return [{ name: "gap", data: visit.gaps.at(-1)! }];
  if (event.name === "finished") return [changed(visit)];
  return turnsOf(visit).flatMap((turn, n) => {
    const known = before[n];
    if (!known) return [{ name: "turn" as const, data: { n, turn, committed: visit.committed } }];
    return known.text === turn.text && known.speaker === turn.speaker ? [] : [{ name: "turn" as const, data: { n, turn } }];
  });
}
