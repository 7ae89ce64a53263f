/** What the check found, in words for a clinician. Pure. */

import { clock } from "../format";
import type { Block, Turn } from "../types";
import type { LineState, ReviewedSection } from "./lines";

export const STATE_WORDS: Record<LineState, string> = {
  supported: "Supported",
  inferred: "Inferred",
  unsupported: "Not supported",
  contradicted: "Contradicted",
  unchecked: "Not checked yet",
  silent: "",
};

/** What a state means, where nothing more precise is known. */
export const STATE_MEANS: Record<LineState, string> = {
  supported: "This was said.",
  inferred: "This was not said in these words.",
  unsupported: "Nothing that was said supports this.",
  contradicted: "Something else was said.",
  unchecked: "The check has not come to this sentence yet.",
  silent: "",
};

export const BLOCK_WORDS: Record<Block["kind"], string> = {
  contradicted: STATE_WORDS.contradicted,
  unsupported: STATE_WORDS.unsupported,
  check_pending: STATE_WORDS.unchecked,
  version: "Changed meanwhile",
};

/** A reason of the check, with the times of its turns instead of their numbers. */
export function withTimes(reason: string, turns: Turn[]): string {
  return reason.replace(/\bturn (\d+)\b/g, (words, number: string) => {
    const turn = turns[Number(number) - 1];
    return turn ? `at ${clock(turn.start)}` : words;
  });
}

/** How many lines are in a state. */
export function counted(sections: ReviewedSection[], state: LineState): number {
  return sections.reduce((sum, { lines }) => sum + lines.filter((line) => line.state === state).length, 0);
}
