/** Where a visit is heard and written. Pure: no clock, no request. */

import type { EngineName } from "../types";

/** What somebody asked for. */
export type Wish = EngineName | "automatic";

export interface Situation {
  wish: Wish;
  /** Where the visit is now. */
  now: EngineName;
  box: {
    reachable: boolean;
    speech: boolean;
    note: boolean;
    /** Seconds since any of these changed. */
    since: number;
    /** Seconds by which its transcript was behind when it last grew; null where it hears nothing. */
    behind: number | null;
  };
  tablet: {
    ready: boolean;
    /** Why not, or what it computes with. */
    reason: string;
    /** Seconds for a second of speech; null if it was not measured. */
    realTimeFactor: number | null;
  };
  /** The box was too slow for this visit once. */
  slow: boolean;
  /** Only this tablet has the visit. */
  local: boolean;
}

export interface Choice {
  on: EngineName;
  /** In one sentence. */
  reason: string;
  /** The box is too slow for this visit. */
  slow: boolean;
}

/** A service that starts again by itself is waited for so long. */
export const PATIENCE_S = 6;
/** A box that came back must stay so long before it gets a visit back. */
export const TRUST_S = 10;
/** A transcript so far behind is of no use in the room. */
export const TOO_SLOW_S = 20;
/** A tablet must hear well faster than people speak to catch up. */
const FAST_ENOUGH = 0.7;

export function choose(situation: Situation): Choice {
  const { wish, tablet, local, slow } = situation;
  if (local && tablet.ready) return { on: "tablet", reason: "The box does not have this visit yet.", slow };
  if (wish === "box") return { on: "box", reason: "Chosen by hand.", slow };
  if (!tablet.ready) return { on: "box", reason: tablet.reason, slow };
  if (wish === "tablet") return { on: "tablet", reason: "Chosen by hand.", slow };
  return automatic(situation);
}

function automatic({ now, box, tablet, slow }: Situation): Choice {
  const trouble = troubleOf(box);
  if (trouble) {
    const waited = box.since >= PATIENCE_S;
    if (waited || now === "tablet") return { on: "tablet", reason: trouble, slow };
    return { on: "box", reason: `${trouble} It is waited for.`, slow };
  }
  const fast = tablet.realTimeFactor !== null && tablet.realTimeFactor <= FAST_ENOUGH;
  if (slow || (box.behind !== null && box.behind >= TOO_SLOW_S && fast)) {
    return { on: "tablet", reason: "The box is far behind, and this tablet is faster.", slow: true };
  }
  if (now === "tablet" && box.since < TRUST_S) return { on: "tablet", reason: "The box is back; it is watched for a moment.", slow };
  return { on: "box", reason: "The box is there and well.", slow };
}

function troubleOf({ reachable, speech, note }: Situation["box"]): string | null {
  if (!reachable) return "The box cannot be reached.";
  if (!speech) return "The speech service of the box does not answer.";
  if (!note) return "The note service of the box does not answer.";
  return null;
}
