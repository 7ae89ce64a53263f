/** One section of the note: its sentences to review, or its text to edit. */

import { useLayoutEffect, useRef } from "preact/hooks";

import type { ReviewedSection } from "../review/lines";
import type { Review } from "../review/review";
import { Button, Progress } from "./controls";
import { AgainIcon, CopyIcon, FinishIcon, ReviewIcon } from "./icons";
import { NoteLine } from "./note-line";
import type { Roving } from "./roving";

interface NoteSectionProps {
  section: ReviewedSection;
  review: Review;
  roving: Roving;
  writable: boolean;
  copied: boolean;
  onCopy: () => void;
  /** Write it again; null while that cannot be. */
  onAgain: (() => void) | null;
}

export function NoteSection({ section, review, roving, writable, copied, onCopy, onAgain }: NoteSectionProps) {
  const label = `section-${section.name}`;
  const rewritten = review.live.state.value.encounter?.section === section.name;
  const editing = writable && review.editing.value.has(section.name);
  return (
    <section class="note-section" aria-labelledby={label} data-testid="section" data-name={section.name}>
      <div class="note-section-header">
        <h3 id={label}>{section.title}</h3>
        {section.edited && <span class="muted edited-mark">Edited</span>}
        <div class="section-actions">
          {writable && (
            <Button
              kind={editing ? "primary" : "quiet"}
              icon={editing ? <FinishIcon /> : <ReviewIcon />}
              data-testid="edit-section"
              aria-label={editing ? `Done with ${section.title}` : `Edit ${section.title}`}
              onClick={() => (editing ? void review.done(section.name) : review.edit(section.name))}
            >
              {editing ? "Done" : "Edit"}
            </Button>
          )}
          <Button
            kind="quiet"
            class="icon-only"
            icon={copied ? <FinishIcon /> : <CopyIcon />}
            title={`Copy ${section.title}`}
            data-testid="copy-section"
            onClick={onCopy}
          >
            <span class="visually-hidden">{copied ? `${section.title}: Copied` : `Copy ${section.title}`}</span>
          </Button>
          {onAgain && (
            <Button
              kind="quiet"
              class="icon-only"
              icon={<AgainIcon />}
              title={`Write ${section.title} again`}
              data-testid="write-section-again"
              onClick={onAgain}
            >
              <span class="visually-hidden">Write {section.title} again</span>
            </Button>
          )}
        </div>
      </div>
      {rewritten ? (
        <Rewriting name={section.name} title={section.title} review={review} />
      ) : editing ? (
        <SectionText section={section} review={review} />
      ) : (
        <ul class="lines">
          {section.lines.map((line) => (
            <NoteLine key={line.key} line={line} review={review} roving={roving} writable={writable} />
          ))}
          {section.lines.length === 0 && <li class="line-silent muted">Empty.</li>}
        </ul>
      )}
    </section>
  );
}

function Rewriting({ name, title, review }: { name: string; title: string; review: Review }) {
  const { writing, written } = review.live.state.value;
  const text = written.find((section) => section.name === name)?.text ?? writing[name];
  return (
    <div data-testid="section-rewriting">
      <Progress label={`Writing ${title} again`} />
      {text && <p class="section-preview">{text}</p>}
    </div>
  );
}

function SectionText({ section, review }: { section: ReviewedSection; review: Review }) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => fitHeight(area.current), [section.text]);
  // The caret goes behind the sentence that was looked at.
  useLayoutEffect(() => {
    const at = review.selection.peek();
    const line = at?.kind === "line" ? section.lines.find(({ key }) => key === at.key) : undefined;
    const caret = line ? line.offset + line.text.length : section.text.length;
    area.current?.focus();
    area.current?.setSelectionRange(caret, caret);
  }, []);
  return (
    <textarea
      ref={area}
      aria-labelledby={`section-${section.name}`}
      data-testid="section-text"
      rows={1}
      spellcheck
      value={section.text}
      onInput={(event) => review.editor.edit(section.name, event.currentTarget.value)}
      onBlur={() => void review.editor.flush()}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.currentTarget.closest("section")?.querySelector<HTMLElement>("[data-testid=edit-section]")?.focus();
        void review.done(section.name);
      }}
    />
  );
}

/** As tall as its text, where the style sheet's `field-sizing` cannot do it. */
function fitHeight(area: HTMLTextAreaElement | null): void {
  if (!area || CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}
