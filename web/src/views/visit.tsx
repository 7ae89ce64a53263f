/** One visit: transcript and note side by side, with the recording at the foot. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import * as api from "../api";
import { useApp } from "../app-context";
import { LiveEncounter } from "../encounter/live";
import { NoteEditor } from "../encounter/note-editor";
import type { VisitState } from "../encounter/state";
import { openList } from "../route";
import { Review } from "../review/review";
import type { Encounter } from "../types";
import { Banner, Button, Progress } from "./controls";
import { DeleteDialog } from "./delete-dialog";
import { BackIcon, DeleteIcon } from "./icons";
import { NotePane } from "./note";
import { RecordingFoot } from "./recording-foot";
import { PlaceButton } from "./place";
import { ReviewKeys } from "./review-keys";
import { StateBadge } from "./state-badge";
import { TranscriptPane } from "./transcript";
import { VisitBanners } from "./visit-banners";
import { VisitTitle } from "./visit-title";

export function VisitView({ id }: { id: string }) {
  const live = useMemo(() => new LiveEncounter(id), [id]);
  const editor = useMemo(() => new NoteEditor(id, api), [id]);
  const review = useMemo(() => new Review(live, editor), [live, editor]);
  const [deleting, setDeleting] = useState(false);

  useEffect(() => {
    live.open();
    const leave = () => void editor.flush(true);
    const askToStay = (event: BeforeUnloadEvent) => {
      if (editor.edits.value.size > 0) event.preventDefault();
    };
    addEventListener("pagehide", leave);
    addEventListener("beforeunload", askToStay);
    return () => {
      removeEventListener("pagehide", leave);
      removeEventListener("beforeunload", askToStay);
      void editor.flush(true);
      live.close();
    };
  }, [live, editor]);

  useSignalEffect(() => {
    const { encounter } = live.state.value;
    if (encounter) editor.adopt(encounter.note_version, encounter.note);
  });
  useAnnouncements(live);
  useForgetDeleted(live);
  usePlacement(live);

  const { encounter, deleted } = live.state.value;
  if (deleted) return <Gone />;
  if (!encounter) {
    return (
      <div class="visit-loading">
        <h1 class="visually-hidden">Visit</h1>
        <Progress label={live.connected.value ? "Opening the visit" : "Waiting for the box"} />
      </div>
    );
  }
  const reviewing = editor.note.value !== null && hasReview(live.state.value);
  return (
    <div class={`visit visit-${encounter.state} ${reviewing ? "is-reviewing" : ""}`}>
      <VisitHeader encounter={encounter} onDelete={() => setDeleting(true)} />
      <VisitBanners live={live} encounter={encounter} />
      <div class="panes">
        {/* What is read first comes first: the transcript while it is spoken, the note once it is there. */}
        {!reviewing && <TranscriptPane state={live.state.value} review={null} />}
        <NotePane live={live} encounter={encounter} review={review} reviewing={reviewing} />
        {reviewing && <TranscriptPane state={live.state.value} review={review} />}
      </div>
      {reviewing && <ReviewKeys review={review} />}
      <RecordingFoot encounter={encounter} />
      {deleting && (
        <DeleteDialog
          visit={encounter}
          onClose={(removed) => {
            setDeleting(false);
            if (removed) openList();
          }}
        />
      )}
    </div>
  );
}

/** Whether there is a note to review: also while only one section of it is written again. */
function hasReview({ encounter, settling }: VisitState): boolean {
  if (!encounter) return false;
  const rewritten = encounter.state === "writing" && (settling || encounter.section !== null);
  return rewritten || ["draft", "signed", "failed"].includes(encounter.state);
}

function VisitHeader({ encounter, onDelete }: { encounter: Encounter; onDelete: () => void }) {
  return (
    <div class="visit-header">
      <a class="button button-quiet icon-only" href="#/" title="All visits" data-testid="back">
        <BackIcon />
        <span class="visually-hidden">All visits</span>
      </a>
      <VisitTitle encounter={encounter} />
      {["recording", "transcribing", "writing"].includes(encounter.state) && <PlaceButton encounter={encounter} />}
      <StateBadge visit={encounter} />
      <Button
        kind="quiet"
        class="icon-only"
        icon={<DeleteIcon />}
        title="Delete this visit"
        data-testid="delete-visit"
        onClick={onDelete}
      >
        <span class="visually-hidden">Delete this visit</span>
      </Button>
    </div>
  );
}

function Gone() {
  return (
    <div class="visit-loading">
      <h1>This visit was deleted</h1>
      <Banner
        kind="info"
        testId="deleted"
        actions={
          <a class="button button-plain" href="#/">
            All visits
          </a>
        }
      >
        Its recording, transcript and note are gone.
      </Banner>
    </div>
  );
}

/** Tell a screen reader what the eye sees at once: where the visit stands, and each finished section. */
function useAnnouncements(live: LiveEncounter): void {
  const { spoken } = useApp();
  const before = useRef<{ state: string | null; written: number }>({ state: null, written: 0 });
  useSignalEffect(() => {
    const { encounter, written } = live.state.value;
    if (!encounter) return;
    const { state } = before.current;
    if (state !== null && state !== encounter.state) spoken.value = ANNOUNCED[encounter.state];
    else if (written.length > before.current.written) spoken.value = `${written.at(-1)?.title ?? "Section"}: written.`;
    before.current = { state: encounter.state, written: written.length };
    document.title = `${encounter.title} - Chartside`;
  });
}

const ANNOUNCED: Record<Encounter["state"], string> = {
  recording: "Recording.",
  transcribing: "Recording ended. The rest is being transcribed.",
  writing: "The note is being written.",
  draft: "The note is ready. It is a draft: please review it.",
  signed: "The note is signed.",
  failed: "The note could not be written.",
};

/** A visit that somebody deleted takes the tablet's copy of its audio along. */
function useForgetDeleted(live: LiveEncounter): void {
  const { recorder, uploads } = useApp();
  useSignalEffect(() => {
    if (!live.state.value.deleted) return;
    if (recorder.encounter.peek() === live.id) recorder.abandon();
    void uploads.forget(live.id);
  });
}

/** This tablet may go on with the visit, and then shows what it writes as the box would. */
function usePlacement(live: LiveEncounter): void {
  const { placement } = useApp();
  useSignalEffect(() => placement.see(live.state.value));
  useEffect(() => placement.follow(live.id, (event) => live.apply(event)), [placement, live]);
}
