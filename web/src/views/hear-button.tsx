/** Hear what was said in some turns; the same button stops it. */

import { clock } from "../format";
import type { Review } from "../review/review";
import { Button } from "./controls";
import { HearIcon, StopIcon } from "./icons";

export function HearButton({ review, turns }: { review: Review; turns: number[] }) {
  const [first] = review.stretches(turns);
  if (!first) return null;
  const heard = review.isHeard(turns);
  return (
    <Button icon={heard ? <StopIcon /> : <HearIcon />} shortcut="H" data-testid="hear" aria-pressed={heard} onClick={() => review.hear(turns)}>
      {heard ? "Stop" : "Hear it"} <span class="numbers hear-time">{clock(first.start)}</span>
    </Button>
  );
}
