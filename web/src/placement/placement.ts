/** Decides where the visit of this tablet is heard and written, and sees to it. */

import { computed, effect, signal } from "@preact/signals";

import { bring, explain, getEncounter } from "../api";
import type { BoxStatus } from "../app-context";
import type { Backend } from "../device/messages";
import type { LocalBox } from "../offline/local-box";
import { LocalSink } from "../offline/local-sink";
import { type EncounterEvent, transcribedSeconds, type VisitState } from "../encounter/state";
import type { Recorder } from "../recording/recorder";
import { BoxSink } from "../scribe/box-sink";
import { Scribe } from "../scribe/scribe";
import type { Encounter } from "../types";
import type { Uploads } from "../upload/uploads";
import { type Choice, choose, type Wish } from "./choice";
import type { Loading, TabletEngines } from "./engines";
import { best, loadReport, type Report, saveReport, type Step } from "./report";
import { Lag } from "./lag";
import type { Memory, Sentinel } from "./sentinel";

const DECIDE_MS = 1_000;
/** How often the box is asked how it is while it is not well, or does not have a visit that it should have. */
const ASK_MS = 2_000;
/** The engines' memory is given back so long after the last visit. */
const IDLE_MS = 60_000;
/** Failures of one way to compute after which it is not tried again for a visit. */
const MOST_FAILURES = 2;
const WISH_KEY = "chartside-engine";

export interface PlacementParts {
  uploads: Uploads;
  recorder: Recorder;
  box: BoxStatus;
  engines: TabletEngines;
  sentinel: Sentinel;
  memory: Memory;
  /** What this tablet keeps while the box is away. */
  local: LocalBox;
  measure: (onStep: (step: Step | null) => void) => Promise<Report>;
  version: string;
}

/** What this tablet does with the visit. */
export type Phase = "none" | "preparing" | "working";

export class Placement {
  readonly wish = signal<Wish>("automatic");
  readonly report = signal<Report | null>(null);
  /** What is being measured. */
  readonly measuring = signal<Step | null>(null);
  readonly loading = signal<Loading | null>(null);
  readonly choice = signal<Choice>({ on: "box", reason: "", slow: false });
  readonly phase = signal<Phase>("none");
  /** The visit that this tablet hears and writes, or is about to. */
  readonly encounter = signal<string | null>(null);
  /** The visit that this tablet records, or recorded last and has the audio of. */
  readonly visit = signal<string | null>(null);
  /** Why the engines of this tablet failed last for it. */
  readonly trouble = signal<string | null>(null);
  /** The last measurement is of another version of the page. */
  readonly stale = computed(() => this.report.value !== null && this.report.value.version !== this.#parts.version);

  readonly #parts: PlacementParts;
  #scribe: Scribe | null = null;
  #onBox = true;
  #busy = false;
  #failures = 0;
  #backend: Backend = "wasm";
  readonly #failed = new Set<Backend>();
  #slow = false;
  #transcribed = 0;
  readonly #lag = new Lag();
  #seen: Encounter | null = null;
  #written = new Set<string>();
  #boxSince = performance.now();
  #boxWas = "";
  #askedAt = 0;
  #idleSince = performance.now();
  readonly #followers = new Map<string, (event: EncounterEvent) => void>();

  constructor(parts: PlacementParts) {
    this.#parts = parts;
    const wish = parts.memory.getItem(WISH_KEY);
    if (wish === "box" || wish === "tablet") this.wish.value = wish;
    this.report.value = loadReport(parts.memory);
    parts.engines.onLoading = (loading) => {
      this.loading.value = loading.done < loading.total ? loading : null;
    };
  }

  /** Tell what happens to a visit's note while this tablet writes it, until the answer is called. */
  follow(encounter: string, take: (event: EncounterEvent) => void): () => void {
    this.#followers.set(encounter, take);
    return () => void this.#followers.delete(encounter);
  }

  /** Decide now, and again and again. */
  watch(): void {
    setInterval(() => void this.#decide(), DECIDE_MS);
    effect(() => {
      const { status, reachable } = this.#parts.box;
      const { speech, note } = status.value ?? { speech: null, note: null };
      const is = `${reachable.value} ${speech !== null} ${note !== null}`;
      if (is !== this.#boxWas) this.#boxSince = performance.now();
      this.#boxWas = is;
    });
    addEventListener("pagehide", () => this.#parts.sentinel.leave());
    void this.#decide();
  }

  ask(wish: Wish): void {
    this.wish.value = wish;
    this.#failures = 0;
    this.#failed.clear();
    this.#slow = false;
    this.trouble.value = null;
    if (wish === "tablet") this.#parts.sentinel.forgive(USE);
    if (wish === "automatic") this.#parts.memory.removeItem(WISH_KEY);
    else this.#parts.memory.setItem(WISH_KEY, wish);
    void this.#decide();
  }

  /** Measure this tablet, also what killed a page before. */
  async measure(): Promise<void> {
    if (this.measuring.value || this.#scribe) return;
    for (const step of ["webgpu-f16", "webgpu-f32", "wasm"] as const) this.#parts.sentinel.forgive(step);
    this.#parts.sentinel.forgive(USE);
    this.measuring.value = "box";
    try {
      this.report.value = await this.#parts.measure((step) => {
        this.measuring.value = step;
      });
      saveReport(this.#parts.memory, this.report.value);
    } finally {
      this.measuring.value = null;
      this.loading.value = null;
    }
  }

  /** What the page sees of a visit: how far behind the box is, and what would go on here. */
  see(state: VisitState): void {
    const { encounter } = state;
    if (encounter) this.#parts.local.see(encounter);
    if (!encounter || encounter.id !== this.#recorded()) return;
    const grown = this.#seen?.id !== encounter.id || transcribedSeconds(state) > this.#transcribed;
    this.#seen = encounter;
    this.#transcribed = transcribedSeconds(state);
    if (grown && encounter.engine === "box") this.#lag.hear(this.#parts.recorder.seconds.peek() - this.#transcribed);
    if (!state.services.speech || !state.services.note) this.#askBox();
  }

  #recorded(): string | null {
    const { recorder, uploads, local } = this.#parts;
    const newest = [...uploads.all.peek()].findLast(([id, { queue }]) => {
      const over = this.#written.has(id) || local.isWritten(id);
      return !over && ["sending", "finished"].includes(queue.state.peek().outcome);
    });
    return recorder.encounter.peek() ?? this.#scribe?.encounter ?? newest?.[0] ?? null;
  }

  async #decide(): Promise<void> {
    const visit = this.#recorded();
    if (visit !== this.visit.peek()) this.#begin(visit);
    const choice = choose(this.#situation(visit));
    this.#slow = choice.slow;
    if (JSON.stringify(choice) !== JSON.stringify(this.choice.peek())) this.choice.value = choice;
    const { box } = this.#parts;
    if (!box.reachable.peek() || !box.status.peek()?.speech || !box.status.peek()?.note) this.#askBox();
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#follow(visit, choice);
    } finally {
      this.#busy = false;
    }
  }

  #begin(visit: string | null): void {
    this.visit.value = visit;
    this.#failures = 0;
    this.#failed.clear();
    this.#slow = false;
    this.#lag.forget();
    this.trouble.value = null;
  }

  #situation(visit: string | null): Parameters<typeof choose>[0] {
    const { box, local } = this.#parts;
    const status = box.status.peek();
    return {
      wish: this.wish.peek(),
      now: this.#scribe ? "tablet" : "box",
      box: {
        reachable: box.reachable.peek(),
        speech: status?.speech != null,
        note: status?.note != null,
        since: (performance.now() - this.#boxSince) / 1000,
        behind: this.#lag.least,
      },
      tablet: this.#readiness(),
      slow: this.#slow,
      local: visit !== null && local.has(visit),
    };
  }

  #readiness(): { ready: boolean; reason: string; realTimeFactor: number | null } {
    const found = best(this.report.peek(), this.#failed);
    const realTimeFactor = found?.finding.numbers.realTimeFactor ?? null;
    const no = (reason: string) => ({ ready: false, reason, realTimeFactor });
    if (this.measuring.peek()) return no("This tablet is being measured.");
    if (!this.report.peek()) return no("This tablet was not measured yet.");
    if (!found && this.#failed.size > 0) return no(`The engines of this tablet failed. ${this.trouble.peek() ?? ""}`.trim());
    if (!found) return no("No way to compute on this tablet is usable.");
    if (this.#parts.sentinel.died(USE)) return no("The page died when this tablet did the work; measure it again to try.");
    return { ready: true, reason: "", realTimeFactor };
  }

  /** Do what was chosen. */
  async #follow(visit: string | null, { on }: Choice): Promise<void> {
    const { engines, box } = this.#parts;
    if (visit !== null || this.measuring.peek()) this.#idleSince = performance.now();
    else if (performance.now() - this.#idleSince > IDLE_MS) engines.close();
    const wanted = visit !== null && on === "tablet" && !this.#written.has(visit);
    const moved = this.#scribe && (this.#scribe.encounter !== visit || this.#onBox !== this.#keepsOnBox(visit ?? "", box));
    if (this.#scribe && (!wanted || moved)) await this.#stop();
    if (wanted && !this.#scribe) await this.#start(visit);
  }

  #keepsOnBox(visit: string, box: BoxStatus): boolean {
    return box.reachable.peek() && !this.#parts.local.has(visit);
  }

  async #start(visit: string): Promise<void> {
    const { engines, uploads, box, local } = this.#parts;
    const found = best(this.report.peek(), this.#failed);
    // Without its audio there is nothing to go on from.
    if (!found || !uploads.get(visit)) return;
    if (!this.#keepsOnBox(visit, box) && !local.has(visit) && !(await local.knows(visit))) return;
    this.encounter.value = visit;
    this.phase.value = "preparing";
    try {
      this.#backend = found.backend;
      const ready = await engines.load(found.backend);
      this.#onBox = this.#keepsOnBox(visit, box);
      // It may have been decided otherwise meanwhile, or nothing is known of the visit here.
      if (this.choice.peek().on !== "tablet" || !(this.#onBox || (await local.takeOver(visit)))) return this.#rest();
      const sink = this.#onBox ? new BoxSink(visit, bring, () => this.#uploaded(visit)) : new LocalSink(visit, local);
      const template = this.#seen?.id === visit ? this.#seen.template : (await getEncounter(visit)).template;
      this.#run(new Scribe(visit, template, uploads.store, ready, sink));
    } catch (error) {
      this.#fail(error);
    }
  }

  #run(scribe: Scribe): void {
    this.#scribe = scribe;
    scribe.onNote = (events) => {
      for (const event of events) if (SHOWN.has(event.name)) this.#followers.get(scribe.encounter)?.(event as EncounterEvent);
    };
    scribe.onBegun = () => {
      this.phase.value = "working";
    };
    void this.#parts.sentinel
      .guard(USE, () => scribe.run())
      .then((outcome) => {
        if (outcome === "written") this.#written.add(scribe.encounter);
      })
      .catch((error: unknown) => {
        if (this.#scribe === scribe) this.#fail(error);
      })
      .finally(() => {
        if (this.#scribe !== scribe) return;
        this.#scribe = null;
        this.#rest();
      });
  }

  async #stop(): Promise<void> {
    const scribe = this.#scribe;
    this.#scribe = null;
    this.#rest();
    this.#lag.forget();
    await scribe?.stop();
  }

  #rest(): void {
    this.phase.value = "none";
    this.encounter.value = null;
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    if (this.#failures % MOST_FAILURES === 0) this.#failed.add(this.#backend);
    this.trouble.value = explain(error);
    this.#parts.engines.close();
    this.#rest();
  }

  /** Resolves when the box has all of the recording and knows that it is over. */
  #uploaded(visit: string): Promise<void> {
    return new Promise((resolve) => {
      const over = effect(() => {
        const upload = this.#parts.uploads.all.value.get(visit);
        if (upload && upload.queue.state.value.outcome === "sending") return;
        resolve();
        queueMicrotask(() => over());
      });
    });
  }

  #askBox(): void {
    if (performance.now() - this.#askedAt < ASK_MS) return;
    this.#askedAt = performance.now();
    void this.#parts.box.refresh();
  }
}

/** Events of the note engine that the box would show as they are. */
const SHOWN = new Set(["progress", "section_text", "section"]);
/** The sentinel's name for the work on a visit. */
const USE = "visit";
