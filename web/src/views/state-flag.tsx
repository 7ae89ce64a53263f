/** The state of a sentence: icon and word, with a colour beside them. */

import type { Block } from "../types";
import type { LineState } from "../review/lines";
import { BLOCK_WORDS, STATE_WORDS } from "../review/words";
import { ContradictedIcon, FinishIcon, InferredIcon, UnsupportedIcon, WorkingIcon } from "./icons";

const ICONS = {
  supported: <FinishIcon />,
  inferred: <InferredIcon />,
  unsupported: <UnsupportedIcon />,
  contradicted: <ContradictedIcon />,
  unchecked: <WorkingIcon />,
  silent: null,
};

/** Supported sentences are quiet: their word is for screen readers only. */
export function StateFlag({ state }: { state: LineState }) {
  if (state === "silent") return null;
  const quiet = state === "supported" || state === "unchecked";
  return (
    <span class={`flag flag-${state}`}>
      {ICONS[state]}
      <span class={quiet ? "visually-hidden" : ""}>{STATE_WORDS[state]}</span>
    </span>
  );
}

export function BlockFlag({ kind }: { kind: Block["kind"] }) {
  const state = kind === "contradicted" || kind === "unsupported" ? kind : "unchecked";
  return (
    <span class={`flag flag-${state}`}>
      {ICONS[state]}
      {BLOCK_WORDS[kind]}
    </span>
  );
}
