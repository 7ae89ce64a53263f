/** The review of one visit: the note as lines, what is looked at, edited and heard, and the signing. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";

import * as api from "../api";
import type { LiveEncounter } from "../encounter/live";
import type { NoteEditor } from "../encounter/note-editor";
import { doubtful, type Line, restingOn, reviewed, type ReviewedSection, withSentence } from "./lines";
import { Player } from "./player";
import { Signing } from "./signing";
import { type Stretch, stretches } from "./stretches";
import type { Encounter, Omission, SectionEdit, Turn } from "../types";

/** What the clinician looks at: a line of the note, a turn, or an omission of the check. */
export type Selection = { kind: "line"; key: string } | { kind: "turn"; n: number } | { kind: "omission"; k: number } | null;

export class Review {
  readonly live: LiveEncounter;
  readonly editor: NoteEditor;
  readonly player: Player;
  readonly signing: Signing;
  readonly selection = signal<Selection>(null);
  /** Sections that are open for typing. */
  readonly editing = signal<ReadonlySet<string>>(new Set());
  readonly sections: ReadonlySignal<ReviewedSection[]>;
  /** Positions of the turns that what is looked at rests on. */
  readonly sources: ReadonlySignal<ReadonlySet<number>>;
  /** Keys of the lines that rest on the turn that is looked at. */
  readonly resting: ReadonlySignal<ReadonlySet<string>>;

  constructor(live: LiveEncounter, editor: NoteEditor) {
    this.live = live;
    this.editor = editor;
    this.player = new Player(({ start, end }) => api.audioPath(live.id, start, end));
    this.signing = new Signing((version, signer, overrides) => api.signNote(live.id, version, signer, overrides));
    this.sections = computed(() => {
      const { checked, lastChecked } = live.state.value;
      return reviewed(editor.sections, lastChecked?.check ?? null, !checked?.check || editor.edits.value.size > 0);
    });
    this.sources = computed(() => new Set(this.#sources()));
    const checked = computed(() => live.state.value.checked);
    // What stood in the way of signing may not, after another check.
    effect(() => {
      if (checked.value) this.signing.checkedAgain();
    });
    this.resting = computed(() => {
      const at = this.selection.value;
      return new Set(at?.kind === "turn" ? restingOn(this.sections.value, at.n) : []);
    });
  }

  get turns(): Turn[] {
    return this.live.state.value.encounter?.transcript.turns ?? [];
  }

  line(key: string): Line | undefined {
    return this.sections.value.flatMap(({ lines }) => lines).find((line) => line.key === key);
  }

  /** Look at something; at the same thing again: look away. */
  select(at: Selection): void {
    const same = at !== null && JSON.stringify(at) === JSON.stringify(this.selection.value);
    this.player.stop();
    this.selection.value = same ? null : at;
  }

  /** Look at a line, wherever the page is. */
  visit(key: string): void {
    if (!(this.selection.value?.kind === "line" && this.selection.value.key === key)) this.select({ kind: "line", key });
  }

  /** The next line that is worth a look, after the one that is looked at; none, if there is none. */
  nextDoubtful(): Line | undefined {
    const lines = doubtful(this.sections.value);
    const at = this.selection.value;
    const now = at?.kind === "line" ? lines.findIndex(({ key }) => key === at.key) : -1;
    return lines[(now + 1) % lines.length];
  }

  /** Where turns stand in the recording. */
  stretches(turns: number[]): Stretch[] {
    return stretches(this.turns, turns);
  }

  /** Hear turns, or stop hearing them. */
  hear(turns: number[]): void {
    this.player.toggle(hearing(turns), this.stretches(turns));
  }

  isHeard(turns: number[]): boolean {
    return this.player.playing.value === hearing(turns);
  }

  edit(section: string): void {
    this.editing.value = new Set(this.editing.value).add(section);
  }

  /** Typing in a section is over: save it. */
  async done(section: string): Promise<void> {
    this.editing.value = new Set([...this.editing.value].filter((name) => name !== section));
    await this.editor.flush();
  }

  /** What the last check found left out; while the next one is pending, without what was inserted meanwhile. */
  get omissions(): { k: number; omission: Omission }[] {
    const { checked, lastChecked } = this.live.state.value;
    const texts = new Map(this.editor.sections.map(({ name, text }) => [name, text]));
    const inserted = ({ section, text }: Omission) => !checked?.check && texts.get(section)?.includes(text);
    const dismissed = new Set(lastChecked?.dismissed.map(({ omission }) => omission));
    return (lastChecked?.check?.omissions ?? [])
      .map((omission, k) => ({ k, omission }))
      .filter(({ k, omission }) => !dismissed.has(k) && !inserted(omission));
  }

  /** Put an omission's sentence at the end of its section. */
  async insert(omission: Omission): Promise<void> {
    const section = this.editor.sections.find(({ name }) => name === omission.section);
    if (!section) return;
    this.editor.edit(section.name, withSentence(section.text, omission.text));
    this.selection.value = null;
    await this.editor.flush();
  }

  /** Say that an omission does not belong into the note. */
  async dismiss(k: number, reason: string): Promise<void> {
    this.live.apply({ name: "check", data: await api.dismissOmission(this.live.id, k, reason, this.#version) });
    this.selection.value = null;
  }

  /** Say that it does, after all. */
  async restore(k: number): Promise<void> {
    this.live.apply({ name: "check", data: await api.restoreOmission(this.live.id, k, this.#version) });
  }

  /** Make an older text the newest version. */
  async takeBack(texts: SectionEdit[]): Promise<void> {
    for (const { name, text } of texts) this.editor.edit(name, text);
    await this.editor.flush();
  }

  /** Of the note that was checked. */
  get #version(): number {
    return this.live.state.value.checked?.version ?? 0;
  }

  #sources(): number[] {
    const at = this.selection.value;
    if (at?.kind === "line") return this.line(at.key)?.turns ?? [];
    if (at?.kind === "omission") return this.live.state.value.lastChecked?.check?.omissions[at.k]?.turns ?? [];
    return [];
  }
}

/** Whether a section may be changed: it is not signed, and neither it nor the whole note is being written. */
export function isWritable({ state, section }: Encounter, name: string): boolean {
  return state === "draft" || state === "failed" || (state === "writing" && section !== null && section !== name);
}

const hearing = (turns: number[]): string => turns.join(" ");
