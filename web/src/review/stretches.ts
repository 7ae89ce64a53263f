/** Stretches of the recording in which turns were said. Pure. */

import type { Turn } from "../types";

/** Seconds. */
export interface Stretch {
  start: number;
  end: number;
}

/** The longest stretch that the box hands out at once, in seconds, as in appliance/kiosk/recording.py. */
const LONGEST = 60;

/** When turns were said: one stretch for turns that follow each other. Turns that are not there are left out. */
export function stretches(turns: Turn[], numbers: number[]): Stretch[] {
  const found: Stretch[] = [];
  let last = Number.NaN;
  for (const n of [...new Set(numbers)].sort((a, b) => a - b)) {
    const turn = turns[n];
    if (!turn || turn.end <= turn.start) continue;
    const open = found.at(-1);
    if (open && n === last + 1 && turn.end - open.start <= LONGEST) open.end = Math.max(open.end, turn.end);
    else found.push({ start: turn.start, end: Math.min(turn.end, turn.start + LONGEST) });
    last = n;
  }
  return found;
}
