/** One sentence of the note: tapped, it shows why it stands there, and what it rests on can be heard. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { count } from "../format";
import type { Line } from "../review/lines";
import type { Review } from "../review/review";
import { STATE_MEANS, STATE_WORDS, withTimes } from "../review/words";
import { Button } from "./controls";
import { HearButton } from "./hear-button";
import { ReviewIcon } from "./icons";
import type { Roving } from "./roving";
import { StateFlag } from "./state-flag";

interface NoteLineProps {
  line: Line;
  review: Review;
  roving: Roving;
  writable: boolean;
}

export function NoteLine({ line, review, roving, writable }: NoteLineProps) {
  const at = review.selection.value;
  const selected = at?.kind === "line" && at.key === line.key;
  const rests = review.resting.value.has(line.key);
  if (line.state === "silent") {
    return (
      <li class="line-silent muted" data-testid="sentence" data-state="silent">
        <span class="sentence-text">{line.text}</span>
      </li>
    );
  }
  return (
    <li class={`line line-${line.state} ${selected ? "is-selected" : ""} ${rests ? "is-resting" : ""}`}>
      <button
        type="button"
        class="sentence"
        data-testid="sentence"
        data-state={line.state}
        aria-expanded={selected}
        {...roving.item(line.key)}
        onClick={() => review.select({ kind: "line", key: line.key })}
      >
        <span class="sentence-text">{line.text}</span>
        <span class="sentence-marks">
          {rests && <span class="source-mark">Rests on it</span>}
          <StateFlag state={line.state} />
        </span>
      </button>
      {selected && <LineCard line={line} review={review} writable={writable} />}
    </li>
  );
}

function LineCard({ line, review, writable }: { line: Line; review: Review; writable: boolean }) {
  const card = useRef<HTMLDivElement>(null);
  // A card at the lower edge must be seen.
  useLayoutEffect(() => card.current?.scrollIntoView({ block: "nearest" }), []);
  const reasons = line.reasons.length > 0 ? line.reasons : [STATE_MEANS[line.state]];
  return (
    <div class="line-card" data-testid="line-card" role="group" aria-label="Why it stands here" ref={card}>
      <p class="line-why" role="status">
        <strong>{STATE_WORDS[line.state]}.</strong> {reasons.map((reason) => withTimes(reason, review.turns)).join(" ")}{" "}
        <span class="muted" data-testid="evidence-count">
          {line.turns.length > 0 ? `${count(line.turns.length, "turn")} marked in the transcript.` : "No turn of the transcript goes with it."}
        </span>
      </p>
      <div class="card-actions">
        <HearButton review={review} turns={line.turns} />
        {writable && (
          <Button icon={<ReviewIcon />} shortcut="E" data-testid="edit-line" onClick={() => review.edit(line.section)}>
            Edit
          </Button>
        )}
      </div>
    </div>
  );
}
