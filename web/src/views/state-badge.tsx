/** What an encounter is doing, as icon and words. */

import { useApp } from "../app-context";
import type { Summary } from "../types";
import { MicrophoneIcon, PauseIcon, ReviewIcon, SignIcon, WarningIcon, WorkingIcon } from "./icons";

const BADGES = {
  recording: { words: "Recording", icon: <MicrophoneIcon /> },
  paused: { words: "Paused", icon: <PauseIcon /> },
  interrupted: { words: "Interrupted", icon: <WarningIcon /> },
  sending: { words: "Sending", icon: <WorkingIcon /> },
  transcribing: { words: "Transcribing", icon: <WorkingIcon /> },
  writing: { words: "Writing note", icon: <WorkingIcon /> },
  draft: { words: "Draft to review", icon: <ReviewIcon /> },
  signed: { words: "Signed", icon: <SignIcon /> },
  failed: { words: "Note failed", icon: <WarningIcon /> },
};

export function StateBadge({ visit }: { visit: Summary }) {
  const kind = useKind(visit);
  const { words, icon } = BADGES[kind];
  return (
    <span class={`badge badge-${kind}`} data-testid="state" data-state={visit.state}>
      {icon}
      {words}
    </span>
  );
}

/** A recording of this tablet is as the tablet knows it; the box hears of it later. */
function useKind({ id, state, paused }: Summary): keyof typeof BADGES {
  const { recorder, uploads } = useApp();
  if (state !== "recording") return state;
  if (recorder.encounter.value === id) {
    const phase = recorder.phase.value;
    return phase === "paused" || phase === "interrupted" ? phase : "recording";
  }
  const upload = uploads.get(id);
  if (upload) return upload.recording.finished ? "sending" : "interrupted";
  return paused ? "paused" : "recording";
}
