/** A clinician's edits of a note: kept while typing, saved by themselves, never over somebody else's. */

import { signal } from "@preact/signals";

import type * as api from "../api";
import { RequestError, explain } from "../api";
import { delayAfter } from "../upload/backoff";
import type { Note, SavedNote, Section } from "../types";

/** Saving waits for this long a rest in the typing. */
const REST_MS = 800;

/** `conflict`: the stored note was changed elsewhere, and somebody must choose. */
export type SaveState = "saved" | "unsaved" | "saving" | "failed" | "conflict";

export type NoteApi = Pick<typeof api, "saveNote" | "getEncounter">;

export class NoteEditor {
  readonly note = signal<Note | null>(null);
  readonly save = signal<SaveState>("saved");
  /** Why the last attempt to save failed. */
  readonly trouble = signal<string | null>(null);
  /** Section name to text that is not on the box yet. */
  readonly edits = signal<ReadonlyMap<string, string>>(new Map());

  readonly #encounter: string;
  readonly #api: NoteApi;
  #version = 0;
  /** The newest version that was told of while a save was under way. */
  #told: SavedNote | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | null = null;
  #failures = 0;

  constructor(encounter: string, requests: NoteApi) {
    this.#encounter = encounter;
    this.#api = requests;
  }

  /** The sections with the edits in place. */
  get sections(): Section[] {
    const edits = this.edits.value;
    return (this.note.value?.sections ?? []).map((section) => ({ ...section, text: edits.get(section.name) ?? section.text }));
  }

  /** The version that the box had last. */
  get version(): number {
    return this.#version;
  }

  /** The box has this version now. It is a conflict where it changed a section that is being edited here. */
  adopt(version: number, note: Note | null): void {
    if (note === null) {
      this.#replace(version, null);
      return;
    }
    if (this.note.value && version <= this.#version) return;
    // While a save is under way, a new version is most likely its own echo; the answer to the save decides.
    if (this.#saving) this.#told = { version, note };
    else if (this.edits.value.size === 0) this.#replace(version, note);
    else if (this.#touchesEdits(note)) this.save.value = "conflict";
    else this.#rebase({ version, note });
  }

  /** The clinician typed. */
  edit(name: string, text: string): void {
    const edits = new Map(this.edits.value);
    const stored = this.note.value?.sections.find((section) => section.name === name)?.text;
    if (text === stored) edits.delete(name);
    else edits.set(name, text);
    this.edits.value = edits;
    if (this.save.value === "conflict") return;
    this.save.value = edits.size > 0 ? "unsaved" : "saved";
    clearTimeout(this.#timer);
    if (edits.size > 0) this.#timer = setTimeout(() => void this.flush(), REST_MS);
  }

  /** Save now what is not saved. `leaving` lets the request outlive the page. */
  async flush(leaving = false): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#saving) await this.#saving;
    if (this.edits.value.size === 0 || this.save.value === "conflict") return;
    this.#saving = this.#save(leaving);
    await this.#saving;
    this.#saving = null;
    if (this.#told) this.adopt(this.#told.version, this.#told.note);
    this.#told = null;
    // What was typed meanwhile is next.
    if (this.save.value === "unsaved") this.#timer = setTimeout(() => void this.flush(), REST_MS);
  }

  /** After a conflict: throw the own edits away. */
  async loadStored(): Promise<void> {
    const stored = await this.#api.getEncounter(this.#encounter);
    this.#replace(stored.note_version, stored.note);
  }

  /** After a conflict: save the own edits over the stored ones. Sections that were not edited here stay as stored. */
  async keepOwn(): Promise<void> {
    const stored = await this.#api.getEncounter(this.#encounter);
    this.#version = stored.note_version;
    this.note.value = stored.note;
    this.save.value = "unsaved";
    await this.flush();
  }

  async #save(leaving: boolean): Promise<void> {
    const sent = this.edits.value;
    this.save.value = "saving";
    try {
      const sections = [...sent].map(([name, text]) => ({ name, text }));
      this.#stored(sent, await this.#api.saveNote(this.#encounter, this.#version, sections, leaving));
    } catch (error) {
      if (error instanceof RequestError && error.status === 409) await this.#onConflict(sent);
      else this.#failed(error);
    }
  }

  /** Somebody else saved, or this very edit was saved and the answer got lost. */
  async #onConflict(sent: ReadonlyMap<string, string>): Promise<void> {
    this.save.value = "conflict";
    try {
      const { note, note_version: version } = await this.#api.getEncounter(this.#encounter);
      const texts = new Map(note?.sections.map(({ name, text }) => [name, text]));
      if (note && [...sent].every(([name, text]) => texts.get(name) === text)) this.#stored(sent, { version, note });
      else if (note && version > this.#version && !this.#touchesEdits(note)) this.#rebase({ version, note });
    } catch {
      // Without the stored note it stays a conflict, and the clinician chooses.
    }
  }

  /** Whether a newer note has a text, in a section that is edited here, that is neither the one before nor the edited one. */
  #touchesEdits(note: Note): boolean {
    const before = new Map(this.note.value?.sections.map(({ name, text }) => [name, text]));
    return note.sections.some(({ name, text }) => ![before.get(name), this.edits.value.get(name) ?? text].includes(text));
  }

  /** Take over what changed in other sections, and keep the own edits. */
  #rebase({ version, note }: SavedNote): void {
    this.#version = version;
    this.note.value = note;
    const stored = new Map(note.sections.map(({ name, text }) => [name, text]));
    this.edits.value = new Map([...this.edits.value].filter(([name, text]) => stored.get(name) !== text));
    this.save.value = this.edits.value.size > 0 ? "unsaved" : "saved";
    clearTimeout(this.#timer);
    if (this.edits.value.size > 0) this.#timer = setTimeout(() => void this.flush(), REST_MS);
  }

  #stored(sent: ReadonlyMap<string, string>, { version, note }: SavedNote): void {
    this.#version = version;
    this.note.value = note;
    this.edits.value = new Map([...this.edits.value].filter(([name, text]) => sent.get(name) !== text));
    this.save.value = this.edits.value.size > 0 ? "unsaved" : "saved";
    this.trouble.value = null;
    this.#failures = 0;
  }

  #failed(error: unknown): void {
    this.save.value = "failed";
    this.trouble.value = explain(error);
    this.#failures += 1;
    if (error instanceof RequestError && !error.temporary) return;
    this.#timer = setTimeout(() => void this.flush(), delayAfter(this.#failures));
  }

  #replace(version: number, note: Note | null): void {
    clearTimeout(this.#timer);
    this.#version = version;
    this.note.value = note;
    this.edits.value = new Map();
    this.save.value = "saved";
    this.trouble.value = null;
    this.#failures = 0;
  }
}

/** The note as plain text, as `Note.text` in appliance/clinical_note.py writes it, notice included. */
export function noteText(sections: Section[], notice: string): string {
  return `${[...sections.map(sectionBlock), notice].join("\n\n")}\n`;
}

/** One section as plain text, with the notice that every generated text carries. */
export function sectionText(section: Section, notice: string): string {
  return `${sectionBlock(section)}\n\n${notice}\n`;
}

const sectionBlock = ({ title, text }: Section): string => `${title.toUpperCase()}\n${text}`;
