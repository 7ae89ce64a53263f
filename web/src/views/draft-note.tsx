/** The note to review: every sentence with its state, every section editable in place, signed at the end. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { getNoteText, writeNoteAgain, writeSectionAgain } from "../api";
import { useApp } from "../app-context";
import { copyText } from "../copy";
import { noteText, sectionText } from "../encounter/note-editor";
import { isWritable, type Review } from "../review/review";
import type { Encounter } from "../types";
import { useAttempts } from "./attempt";
import { Banner, Button, useShortcut } from "./controls";
import { DraftNotice, ModelCaution } from "./draft-notice";
import { AddIcon, AgainIcon, CopyIcon, FinishIcon, SignIcon } from "./icons";
import { NoteSection } from "./note-section";
import { Omissions } from "./omissions";
import { ReviewBar } from "./review-bar";
import { ReviewDialogs, type ReviewDialog } from "./review-dialogs";
import { useRoving } from "./roving";
import { SaveTrouble, SaveWords } from "./save-state";
import { Addenda, Signed } from "./signed";

/** How long a copy button says that it copied. */
const COPIED_MS = 2_500;

interface DraftNoteProps {
  encounter: Encounter;
  review: Review;
  children?: ComponentChildren;
}

export function DraftNote({ encounter, review, children }: DraftNoteProps) {
  const { editor } = review;
  const note = editor.note.value;
  const sections = review.sections.value;
  const [dialog, setDialog] = useState<ReviewDialog>(null);
  const [copied, copy] = useCopy();
  const { trouble, attempt } = useAttempts();
  const signedText = useSignedText(encounter);
  const roving = useRoving(sections.flatMap(({ lines }) => lines.filter(({ state }) => state !== "silent").map(({ key }) => key)));
  const body = useRef<HTMLDivElement>(null);
  const resting = review.resting.value;
  useLayoutEffect(() => {
    if (resting.size > 0) body.current?.querySelector(".is-resting")?.scrollIntoView({ block: "center" });
  }, [review.selection.value]);
  const signed = encounter.state === "signed";
  // Signing, and writing again, need the box.
  const idle = encounter.state === "draft" && !encounter.unsent;
  const notice = signedText ? lastLine(signedText, noteText(note?.sections ?? [], "")) : (note?.notice ?? "");
  const copyAll = () => void copy("note", signedText ?? noteText(sections, notice), "The note");
  const decide = () => void editor.flush().then(() => setDialog(signed ? "addendum" : "sign"));
  useShortcut("C", note ? copyAll : null);
  useShortcut("S", idle || signed ? decide : null);
  if (!note) return null;
  return (
    <>
      <div class="pane-header">
        <h2 id="note-title">Note</h2>
        {signed ? null : <SaveWords editor={editor} />}
        <div class="note-actions">
          <Button icon={copied === "note" ? <FinishIcon /> : <CopyIcon />} shortcut="C" data-testid="copy-note" onClick={copyAll}>
            {copied === "note" ? "Copied" : "Copy note"}
          </Button>
          {(idle || signed) && (
            <Button kind="primary" icon={signed ? <AddIcon /> : <SignIcon />} shortcut="S" data-testid={signed ? "add-addendum" : "sign"} onClick={decide}>
              {signed ? "Addendum" : "Sign"}
            </Button>
          )}
        </div>
      </div>
      {encounter.state !== "failed" && <ReviewBar review={review} onVersions={() => setDialog("versions")} onHelp={() => setDialog("help")} />}
      <div class="pane-body" ref={body} {...roving.list}>
        {encounter.signature ? <Signed signature={encounter.signature} /> : <DraftNotice words={note.notice} />}
        {note.stamp.caution && <ModelCaution words={note.stamp.caution} />}
        {children}
        <SaveTrouble editor={editor} />
        {trouble && <Banner kind="error">{trouble}</Banner>}
        {copied === "failed" && (
          <Banner kind="warning" testId="copy-failed">
            The browser did not allow copying. Mark the text and copy it by hand.
          </Banner>
        )}
        {!signed && <Omissions review={review} encounter={encounter} />}
        {sections.map((section) => (
          <NoteSection
            key={section.name}
            section={section}
            review={review}
            roving={roving}
            writable={isWritable(encounter, section.name)}
            copied={copied === section.name}
            onCopy={() => void copy(section.name, sectionText(section, notice), section.title)}
            onAgain={idle ? () => attempt(editor.flush().then(() => writeSectionAgain(encounter.id, section.name))) : null}
          />
        ))}
        <Addenda addenda={encounter.addenda} />
        <p class="stamp muted">
          Written by {note.stamp.model} ({note.stamp.bundle}), adapter {note.stamp.adapter}, Chartside {note.stamp.software}
        </p>
        {idle && (
          <Button
            kind="quiet"
            icon={<AgainIcon />}
            data-testid="write-all-again"
            onClick={() => attempt(editor.flush().then(() => writeNoteAgain(encounter.id)))}
          >
            Write the whole note again
          </Button>
        )}
      </div>
      <ReviewDialogs open={dialog} review={review} encounter={encounter} onClose={() => setDialog(null)} />
    </>
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

/** The signed text with its addenda, as the box vouches for it; null while the note is a draft. */
function useSignedText({ id, signature, addenda }: Encounter): string | null {
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    if (!signature) return;
    // Without it, the text on the page is copied.
    getNoteText(id).then(setText, () => undefined);
  }, [id, signature, addenda.length]);
  return signature ? text : null;
}

/** What a signed text says of its signature, after its sections. */
const lastLine = (signed: string, sections: string): string => signed.slice(sections.length - 1).split("\n", 1)[0] ?? "";
