/** What a clinician must know about a visit right now: connection, services, trouble. */

import { useApp } from "../app-context";
import { CHUNK_SECONDS, type Encounter } from "../types";
import { count } from "../format";
import type { LiveEncounter } from "../encounter/live";
import { Banner, Button } from "./controls";
import { PlaceBanner } from "./place";

/** Chunks that may wait while all is well: two seconds. */
const NORMAL_WAITING = 4;

export function VisitBanners({ live, encounter }: { live: LiveEncounter; encounter: Encounter }) {
  return (
    <div class="banners">
      {encounter.unsent ? <Unsent encounter={encounter} /> : <Connection live={live} encounter={encounter} />}
      <Services live={live} encounter={encounter} />
      <PlaceBanner encounter={encounter} />
      <UploadRefused encounter={encounter} />
      {encounter.problem && encounter.state !== "failed" && (
        <Banner kind="warning" testId="problem">
          {encounter.problem.detail} {encounter.problem.hint}
        </Banner>
      )}
    </div>
  );
}

/** The visit is on this tablet, and what that means. */
function Unsent({ encounter }: { encounter: Encounter }) {
  const { box, placement } = useApp();
  if (encounter.problem) return null;
  const worked = encounter.state === "draft" || placement.encounter.value === encounter.id;
  return (
    <Banner kind="info" testId="unsent">
      <strong>On this tablet, not yet on the box.</strong>{" "}
      {box.reachable.value
        ? "It is going there now."
        : worked
          ? "It goes there when the box can be reached; the note can be signed then."
          : "The box hears it and writes the note when it can be reached."}
    </Banner>
  );
}

function Connection({ live, encounter }: { live: LiveEncounter; encounter: Encounter }) {
  const { uploads, recorder } = useApp();
  const upload = uploads.get(encounter.id);
  const recordsHere = recorder.encounter.value === encounter.id;
  const { waiting, connected, trouble } = upload?.queue.state.value ?? { waiting: 0, connected: true, trouble: null };
  const seconds = Math.ceil(waiting * CHUNK_SECONDS);
  if (upload && trouble && connected) {
    return (
      <Banner kind="warning" testId="box-trouble">
        {trouble} {recordsHere && "Recording goes on on this tablet: "}
        {count(seconds, "second")} waiting.
      </Banner>
    );
  }
  if (upload && (!connected || (!live.connected.value && waiting > NORMAL_WAITING))) {
    return (
      <Banner kind="warning" testId="offline">
        <strong>Connection lost.</strong> {recordsHere ? "Recording goes on on this tablet: " : "Kept on this tablet: "}
        {seconds} s waiting.
      </Banner>
    );
  }
  if (!live.connected.value) {
    return (
      <Banner kind="warning" testId="offline">
        <strong>Connection lost.</strong> This page shows what it knew last and keeps trying.
      </Banner>
    );
  }
  return null;
}

function Services({ live, encounter }: { live: LiveEncounter; encounter: Encounter }) {
  const { speech, note } = live.state.value.services;
  const hearing = encounter.state === "recording" || encounter.state === "transcribing";
  const awaitsNote = hearing || encounter.state === "writing";
  return (
    <>
      {!speech && hearing && (
        <Banner kind="warning" testId="speech-down">
          The speech service is restarting.{" "}
          {encounter.state === "recording" ? "Recording goes on." : "The recording is safe; transcription goes on by itself."}
        </Banner>
      )}
      {!note && awaitsNote && (
        <Banner kind="warning" testId="note-down">
          The note service is restarting. {encounter.state === "recording" ? "Recording goes on." : "Writing goes on by itself."}
        </Banner>
      )}
    </>
  );
}

/** Audio on this tablet that can no longer be added to the visit. */
function UploadRefused({ encounter }: { encounter: Encounter }) {
  const { uploads } = useApp();
  const upload = uploads.get(encounter.id);
  const state = upload?.queue.state.value;
  if (!state || (state.outcome !== "conflict" && state.outcome !== "refused") || encounter.state === "recording") return null;
  return (
    <Banner
      kind="error"
      testId="upload-refused"
      actions={<Button onClick={() => void uploads.forget(encounter.id)}>Delete it from this tablet</Button>}
    >
      {count(Math.ceil(state.waiting * CHUNK_SECONDS), "second")} of audio on this tablet came too late for this visit.{" "}
      {state.trouble}
    </Banner>
  );
}
