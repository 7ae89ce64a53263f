/** Stretches of the recording in which turns were said. Pure. */

import type { Turn } from "../types";

/** Seconds. */
export interface Stretch {
  start: number;
  end: number;
}

/** The longest stretch that the box hands out at once, in seconds, as in appliance/kiosk/recording.py. */
const LONGEST = 60;

/** When turns were said: one stretch for turns that follow each other, several for a long turn. Turns that are not there are left out. */
export function stretches(turns: Turn[], numbers: number[]): Stretch[] {
  const found: Stretch[] = [];
  let last = Number.NaN;
  for (const n of [...new Set(numbers)].sort((a, b) => a - b)) {
    const turn = turns[n];
    if (!turn || turn.end <= turn.start) continue;
    const open = found.at(-1);
    if (open && n === last + 1 && turn.end - open.start <= LONGEST) open.end = Math.max(open.end, turn.end);
    else for (let at = turn.start; at < turn.end; at += LONGEST) found.push({ start: at, end: Math.min(turn.end, at + LONGEST) });
    last = n;
  }
  return found;
}
