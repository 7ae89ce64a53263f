/** The note: what it will hold, its writing section by section, and the draft that a clinician reviews. */

import { writeNoteAgain } from "../api";
import { useApp } from "../app-context";
import type { LiveEncounter } from "../encounter/live";
import { type VisitState, transcribedSeconds } from "../encounter/state";
import { clock } from "../format";
import type { Review } from "../review/review";
import type { Encounter, TemplateSection } from "../types";
import { useAttempts } from "./attempt";
import { Banner, Button, Progress } from "./controls";
import { DraftNote } from "./draft-note";
import { DraftNotice } from "./draft-notice";

interface NotePaneProps {
  live: LiveEncounter;
  encounter: Encounter;
  review: Review;
  /** Whether there is a note to review. */
  reviewing: boolean;
}

export function NotePane({ live, encounter, review, reviewing }: NotePaneProps) {
  const { box } = useApp();
  const template = box.status.value?.templates.find(({ name }) => name === encounter.template);
  const outline = template?.sections ?? [];
  return (
    <section class="pane note-pane" aria-labelledby="note-title" data-testid="note">
      {reviewing ? (
        <DraftNote encounter={encounter} review={review}>
          {encounter.state === "failed" && <Failed encounter={encounter} />}
        </DraftNote>
      ) : (
        <>
          <div class="pane-header">
            <h2 id="note-title">Note</h2>
            {template && <span class="muted">{template.title}</span>}
          </div>
          <div class="pane-body">
            {encounter.state === "failed" && <Failed encounter={encounter} />}
            {encounter.state === "recording" && <p class="muted note-lead">Written when you tap Finish.</p>}
            {encounter.state === "transcribing" && <Transcribing state={live.state.value} encounter={encounter} />}
            {encounter.state === "writing" && <Writing state={live.state.value} sections={outline.length} />}
            {encounter.state !== "failed" && <Outline state={live.state.value} sections={outline} />}
          </div>
        </>
      )}
    </section>
  );
}

function Transcribing({ state, encounter }: { state: VisitState; encounter: Encounter }) {
  const done = transcribedSeconds(state);
  const known = encounter.duration > 0 && done > 0;
  return (
    <Progress
      label="Transcribing the rest of the visit"
      detail={known ? `${clock(done)} of ${clock(encounter.duration)}` : undefined}
      value={known ? Math.min(1, done / encounter.duration) : undefined}
    />
  );
}

function Writing({ state, sections }: { state: VisitState; sections: number }) {
  const { box } = useApp();
  const { progress, written } = state;
  const value = progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined;
  return (
    <>
      <DraftNotice words={box.status.value?.notice ?? ""} />
      <Progress
        label="Writing the note"
        detail={sections > 0 ? `${written.length} of ${sections} sections` : undefined}
        value={value}
      />
    </>
  );
}

/** All sections of the template: written ones, the ones being written, and the places of those to come. */
function Outline({ state, sections }: { state: VisitState; sections: TemplateSection[] }) {
  const writing = state.encounter?.state === "writing";
  return (
    <div class="outline">
      {sections.map(({ name, title }) => {
        const written = state.written.find((section) => section.name === name);
        const text = written?.text ?? state.writing[name];
        return (
          <section key={name} class={`outline-section ${text === undefined ? "is-empty" : ""}`} data-testid="outline-section" data-name={name}>
            <h3>
              {title}
              {writing && <span class="outline-state muted">{written ? "Written" : text ? "Writing" : "Waiting"}</span>}
            </h3>
            {text === undefined ? (
              writing && <div class="skeleton" aria-hidden="true" />
            ) : (
              <p class="section-preview">
                {text}
                {!written && <span class="caret" aria-hidden="true" />}
              </p>
            )}
          </section>
        );
      })}
    </div>
  );
}

function Failed({ encounter }: { encounter: Encounter }) {
  const { trouble, busy, attempt } = useAttempts();
  return (
    <Banner
      kind="error"
      testId="note-failed"
      actions={
        <Button kind="primary" data-testid="write-again" disabled={busy} onClick={() => attempt(writeNoteAgain(encounter.id))}>
          Write again
        </Button>
      }
    >
      <strong>The note could not be written.</strong> {trouble ?? encounter.problem?.detail} {!trouble && encounter.problem?.hint}{" "}
      The transcript is safe.
    </Banner>
  );
}
