/** The finished draft: every section editable in place, saved by itself, copied as a whole or in parts. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { explain } from "../api";
import { useApp } from "../app-context";
import { copyText } from "../copy";
import { type NoteEditor, type SaveState, noteText, sectionText } from "../encounter/note-editor";
import type { Encounter, Section } from "../types";
import { Banner, Button, useShortcut } from "./controls";
import { DraftNotice, ModelCaution } from "./draft-notice";
import { CopyIcon, FinishIcon } from "./icons";

/** How long a copy button says that it copied. */
const COPIED_MS = 2_500;

interface DraftNoteProps {
  encounter: Encounter;
  editor: NoteEditor;
  onSources: (turns: ReadonlySet<number>) => void;
  children?: ComponentChildren;
}

export function DraftNote({ encounter, editor, onSources, children }: DraftNoteProps) {
  const note = editor.note.value;
  const [copied, copy] = useCopy();
  const copyAll = () => void copy("note", noteText(editor.sections, note?.notice ?? ""), "The note");
  useShortcut("C", note ? copyAll : null);
  if (!note) return null;
  const writable = encounter.state === "draft" || encounter.state === "failed";
  return (
    <>
      <div class="pane-header">
        <h2 id="note-title">Note</h2>
        <span class="tag-draft">Draft</span>
        <SaveWords editor={editor} />
        <Button
          kind="primary"
          icon={copied === "note" ? <FinishIcon /> : <CopyIcon />}
          shortcut="C"
          data-testid="copy-note"
          onClick={copyAll}
        >
          {copied === "note" ? "Copied" : "Copy note"}
        </Button>
      </div>
      <div class="pane-body">
        <DraftNotice words={note.notice} />
        {note.stamp.caution && <ModelCaution words={note.stamp.caution} />}
        {children}
        <SaveTrouble editor={editor} />
        {copied === "failed" && (
          <Banner kind="warning" testId="copy-failed">
            The browser did not allow copying. Mark the text and copy it by hand.
          </Banner>
        )}
        {editor.sections.map((section) => (
          <SectionEditor
            key={section.name}
            section={section}
            writable={writable}
            copied={copied === section.name}
            onCopy={() => void copy(section.name, sectionText(section, note.notice), section.title)}
            onEdit={(text) => editor.edit(section.name, text)}
            onLeave={() => void editor.flush()}
            onFocus={() => onSources(new Set(section.sentences.flatMap(({ turns }) => turns)))}
          />
        ))}
        <p class="stamp muted">
          Written by {note.stamp.model} ({note.stamp.bundle}), adapter {note.stamp.adapter}, Chartside {note.stamp.software}
        </p>
      </div>
    </>
  );
}

interface SectionEditorProps {
  section: Section;
  writable: boolean;
  copied: boolean;
  onCopy: () => void;
  onEdit: (text: string) => void;
  onLeave: () => void;
  onFocus: () => void;
}

function SectionEditor({ section, writable, copied, onCopy, onEdit, onLeave, onFocus }: SectionEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const label = `section-${section.name}`;
  useLayoutEffect(() => fitHeight(area.current), [section.text]);
  return (
    <section class="note-section" aria-labelledby={label} data-testid="section" data-name={section.name}>
      <div class="note-section-header">
        <h3 id={label}>{section.title}</h3>
        {section.edited && <span class="muted edited-mark">Edited</span>}
        <Button
          kind="quiet"
          icon={copied ? <FinishIcon /> : <CopyIcon />}
          data-testid="copy-section"
          aria-label={copied ? `${section.title} copied` : `Copy ${section.title}`}
          onClick={onCopy}
        >
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
      <textarea
        ref={area}
        aria-labelledby={label}
        data-testid="section-text"
        rows={1}
        spellcheck
        readOnly={!writable}
        value={section.text}
        onInput={(event) => onEdit(event.currentTarget.value)}
        onBlur={onLeave}
        onFocus={onFocus}
      />
    </section>
  );
}

/** As tall as its text, where the style sheet's `field-sizing` cannot do it. */
function fitHeight(area: HTMLTextAreaElement | null): void {
  if (!area || CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

const SAVE_WORDS: Record<SaveState, string> = {
  saved: "Saved",
  unsaved: "Editing",
  saving: "Saving",
  failed: "Not saved yet",
  conflict: "Not saved",
};

function SaveWords({ editor }: { editor: NoteEditor }) {
  return (
    <span class={`save-words save-${editor.save.value}`} data-testid="save-state" data-state={editor.save.value}>
      {SAVE_WORDS[editor.save.value]}
    </span>
  );
}

function SaveTrouble({ editor }: { editor: NoteEditor }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  if (editor.save.value === "failed") {
    return (
      <Banner kind="warning" testId="save-failed">
        Your changes are not saved yet; the page keeps trying. {editor.trouble}
      </Banner>
    );
  }
  if (editor.save.value !== "conflict") return null;
  const choose = (action: () => Promise<void>) => {
    setTrouble(null);
    action().catch((error: unknown) => setTrouble(explain(error)));
  };
  return (
    <Banner
      kind="error"
      testId="save-conflict"
      actions={
        <>
          <Button data-testid="load-stored" onClick={() => choose(() => editor.loadStored())}>
            Load the other version
          </Button>
          <Button data-testid="keep-own" onClick={() => choose(() => editor.keepOwn())}>
            Keep mine
          </Button>
        </>
      }
    >
      <strong>This note was changed somewhere else.</strong>{" "}
      {trouble ?? "Load that version and lose your last changes, or keep yours in the sections you edited."}
    </Banner>
  );
}

/** What was copied last (`failed` when the browser refused), and how to copy. */
function useCopy(): [string | null, (what: string, text: string, spokenName: string) => Promise<void>] {
  const { spoken } = useApp();
  const [copied, setCopied] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const copy = async (what: string, text: string, spokenName: string) => {
    const done = await copyText(text);
    clearTimeout(timer.current);
    setCopied(done ? what : "failed");
    spoken.value = done ? `${spokenName} copied.` : "Copying was not allowed.";
    if (done) timer.current = setTimeout(() => setCopied(null), COPIED_MS);
  };
  return [copied, copy];
}
