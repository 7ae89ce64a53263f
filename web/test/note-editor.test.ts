import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RequestError } from "../src/api";
import { NoteEditor, noteText, sectionText } from "../src/encounter/note-editor";
import type { Encounter, Note, SectionEdit } from "../src/types";

const stamp = { bundle: "", model: "", adapter: "none", strategy: "topics", prompt: "", software: "", caution: "" };
const noteOf = (texts: Record<string, string>): Note => ({
  template: "soap",
  sections: Object.entries(texts).map(([name, text]) => ({ name, title: name, text, sentences: [], edited: false })),
  stamp,
  notice: "Draft.",
});

/** A box with one note, that refuses edits of another version. */
class Box {
  version = 1;
  texts: Record<string, string> = { plan: "Rest.", exam: "Clear." };
  loseAnswer = false;
  saves: SectionEdit[][] = [];

  saveNote = async (_: string, version: number, sections: SectionEdit[]) => {
    if (version !== this.version) throw new RequestError(409, { title: "", detail: "other version", hint: "" });
    this.change(Object.fromEntries(sections.map(({ name, text }) => [name, text])));
    this.saves.push(sections);
    if (this.loseAnswer) {
      this.loseAnswer = false;
      throw new RequestError(0, { title: "", detail: "gone", hint: "" });
    }
    return { version: this.version, note: noteOf(this.texts) };
  };

  getEncounter = async () => ({ note: noteOf(this.texts), note_version: this.version }) as Encounter;

  /** Somebody changes the note. */
  change(texts: Record<string, string>): void {
    this.texts = { ...this.texts, ...texts };
    this.version += 1;
  }
}

let box: Box;
let editor: NoteEditor;
const textOf = (name: string) => editor.sections.find((section) => section.name === name)?.text;

beforeEach(() => {
  vi.useFakeTimers();
  box = new Box();
  editor = new NoteEditor("a", box);
  editor.adopt(1, noteOf(box.texts));
});

afterEach(() => vi.useRealTimers());

test("saves the edited section alone, once, after a rest in the typing", async () => {
  editor.edit("plan", "Rest and");
  await vi.advanceTimersByTimeAsync(300);
  editor.edit("plan", "Rest and fluids.");
  expect(editor.save.value).toBe("unsaved");
  await vi.advanceTimersByTimeAsync(2000);
  expect(box.saves).toEqual([[{ name: "plan", text: "Rest and fluids." }]]);
  expect(editor.save.value).toBe("saved");
});

test("typing goes on while a save is under way, and is saved next", async () => {
  editor.edit("plan", "One");
  const saving = editor.flush();
  editor.edit("plan", "One two");
  await saving;
  expect(textOf("plan")).toBe("One two");
  await vi.advanceTimersByTimeAsync(2000);
  expect(box.texts["plan"]).toBe("One two");
});

test("two reasons to save at the same moment save once", async () => {
  editor.edit("plan", "Mine.");
  await Promise.all([editor.flush(), editor.flush()]);
  expect(box.saves).toHaveLength(1);
  expect([editor.save.value, editor.version]).toEqual(["saved", 2]);
});

test("text typed back to what is stored needs no save", async () => {
  editor.edit("plan", "Rest!");
  editor.edit("plan", "Rest.");
  expect(editor.save.value).toBe("saved");
  await vi.advanceTimersByTimeAsync(5000);
  expect(box.saves).toEqual([]);
});

test("another tablet's change is shown when nothing was typed here", () => {
  box.change({ plan: "Surgery." });
  editor.adopt(box.version, noteOf(box.texts));
  expect(textOf("plan")).toBe("Surgery.");
});

test("two people's edits are a conflict; the other version can be loaded", async () => {
  box.change({ plan: "Theirs." });
  editor.edit("plan", "Mine.");
  await editor.flush();
  expect(editor.save.value).toBe("conflict");
  expect(box.texts).toEqual({ plan: "Theirs.", exam: "Clear." });
  await editor.loadStored();
  expect([textOf("plan"), editor.save.value]).toEqual(["Theirs.", "saved"]);
});

test("or the own edits kept, without losing the other person's sections", async () => {
  box.change({ plan: "Theirs.", exam: "Theirs too." });
  editor.edit("exam", "Mine.");
  await editor.flush();
  expect(editor.save.value).toBe("conflict");
  await editor.keepOwn();
  expect(box.texts).toEqual({ plan: "Theirs.", exam: "Mine." });
  expect(editor.save.value).toBe("saved");
});

test("a change in another section is no conflict, whether it is told of before the save or by its refusal", async () => {
  editor.edit("exam", "Mine.");
  box.change({ plan: "Written again." });
  editor.adopt(box.version, noteOf(box.texts));
  expect([textOf("plan"), textOf("exam"), editor.save.value]).toEqual(["Written again.", "Mine.", "unsaved"]);
  box.change({ plan: "And again." });
  await vi.advanceTimersByTimeAsync(3000);
  expect(box.texts).toEqual({ plan: "And again.", exam: "Mine." });
  expect([textOf("plan"), editor.save.value]).toEqual(["And again.", "saved"]);
});

test("a version that comes while a save is under way is shown after it", async () => {
  editor.edit("exam", "Mine.");
  const saving = editor.flush();
  editor.adopt(3, noteOf({ plan: "Later.", exam: "Mine." }));
  await saving;
  expect([textOf("plan"), editor.version]).toEqual(["Later.", 3]);
});

test("an edit whose answer was lost is no conflict with itself", async () => {
  box.loseAnswer = true;
  editor.edit("plan", "Mine.");
  await editor.flush();
  expect(editor.save.value).toBe("failed");
  await vi.advanceTimersByTimeAsync(2000);
  expect([editor.save.value, textOf("plan"), box.texts["plan"]]).toEqual(["saved", "Mine.", "Mine."]);
});

test("copies carry the notice, whole or in part", () => {
  editor.edit("plan", "Typed.");
  expect(noteText(editor.sections, "Draft.")).toBe("PLAN\nTyped.\n\nEXAM\nClear.\n\nDraft.\n");
  const [plan] = editor.sections;
  expect(plan && sectionText(plan, "Draft.")).toBe("PLAN\nTyped.\n\nDraft.\n");
});
