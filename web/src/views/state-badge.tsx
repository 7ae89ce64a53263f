/** What an encounter is doing, as icon and words. */

import type { Summary } from "../types";
import { MicrophoneIcon, PauseIcon, ReviewIcon, WarningIcon, WorkingIcon } from "./icons";

const BADGES = {
  recording: { words: "Recording", icon: <MicrophoneIcon /> },
  paused: { words: "Paused", icon: <PauseIcon /> },
  transcribing: { words: "Transcribing", icon: <WorkingIcon /> },
  writing: { words: "Writing note", icon: <WorkingIcon /> },
  draft: { words: "Draft to review", icon: <ReviewIcon /> },
  failed: { words: "Note failed", icon: <WarningIcon /> },
};

export function stateWords({ state, paused }: Pick<Summary, "state" | "paused">): string {
  return BADGES[kindOf({ state, paused })].words;
}

export function StateBadge(summary: Pick<Summary, "state" | "paused">) {
  const kind = kindOf(summary);
  const { words, icon } = BADGES[kind];
  return (
    <span class={`badge badge-${kind}`} data-testid="state" data-state={summary.state}>
      {icon}
      {words}
    </span>
  );
}

const kindOf = ({ state, paused }: Pick<Summary, "state" | "paused">) =>
  state === "recording" && paused ? "paused" : state;
