/** One turn of the transcript; while the note is reviewed, tapped, it shows where it went. */

import { setSpeaker } from "../api";
import { clock, count } from "../format";
import type { Review } from "../review/review";
import type { Proposal, Speaker, Turn, Word } from "../types";
import { Button } from "./controls";
import { HearButton } from "./hear-button";
import { FinishIcon } from "./icons";
import { ProposedDrug } from "./proposed-drug";
import type { Roving } from "./roving";

/** Words that were recognized with less than this probability are marked. */
const DOUBTFUL = 0.5;

const SPEAKERS: Record<Speaker, string> = { clinician: "Clinician", patient: "Patient", unknown: "Unknown" };

export const hasDoubt = (turn: Turn): boolean => turn.words.some(({ probability }) => probability < DOUBTFUL);

interface TurnLineProps {
  n: number;
  turn: Turn;
  proposals: Proposal[];
  /** Null while there is no note to review. */
  review: Review | null;
  roving: Roving;
  signed: boolean;
  /** Takes number and new state of a proposal; null when nothing may change. */
  onDecide: ((k: number, state: Proposal["state"]) => void) | null;
  attempt: (request: Promise<unknown>) => void;
}

export function TurnLine({ n, turn, proposals, review, roving, signed, onDecide, attempt }: TurnLineProps) {
  const at = review?.selection.value;
  const selected = at?.kind === "turn" && at.n === n;
  const isSource = review?.sources.value.has(n) ?? false;
  const heardAt = review?.player.at.value ?? null;
  const isHeard = heardAt !== null && turn.start <= heardAt && heardAt < turn.end;
  const choose = () => review?.select({ kind: "turn", n });
  return (
    <li
      class={`turn ${isSource ? "is-source" : ""} ${selected ? "is-selected" : ""} ${isHeard ? "is-heard" : ""}`}
      data-testid="turn"
      data-n={n}
      // For a finger, all of the turn is its button; keyboards and screen readers have the one with the time.
      onClick={(event) => {
        if (review && event.target instanceof Element && !event.target.closest("button, .turn-card")) choose();
      }}
    >
      {review ? (
        <button
          type="button"
          class="turn-time numbers"
          aria-expanded={selected}
          aria-label={`${SPEAKERS[turn.speaker]} at ${clock(turn.start)}: where it went`}
          data-testid="turn-button"
          {...roving.item(String(n))}
          onClick={choose}
        >
          {clock(turn.start)}
        </button>
      ) : (
        <span class="turn-time numbers">{clock(turn.start)}</span>
      )}
      <p>
        {isSource && <span class="source-mark">Source</span>}
        {turn.speaker !== "unknown" && <strong class={`speaker speaker-${turn.speaker}`}>{SPEAKERS[turn.speaker]}</strong>}
        <span class="words">
          <Words turn={turn} proposals={proposals} n={n} onDecide={onDecide} />
        </span>
      </p>
      {selected && <TurnCard n={n} turn={turn} review={review!} signed={signed} attempt={attempt} />}
    </li>
  );
}

type TurnCardProps = Pick<TurnLineProps, "n" | "turn" | "signed" | "attempt"> & { review: Review };

function TurnCard({ n, turn, review, signed, attempt }: TurnCardProps) {
  const resting = review.resting.value.size;
  return (
    <div class="turn-card" data-testid="turn-card" role="group" aria-label="Where it went">
      <p role="status" data-testid="where-it-went">
        {resting > 0 ? `${count(resting, "sentence")} of the note ${resting === 1 ? "rests" : "rest"} on this.` : "Nothing in the note rests on this."}
      </p>
      <div class="card-actions">
        <HearButton review={review} turns={[n]} />
        {!signed && (
          <div class="who" role="group" aria-label="Who spoke">
            {(Object.keys(SPEAKERS) as Speaker[]).map((speaker) => (
              <Button
                key={speaker}
                kind={turn.speaker === speaker ? "primary" : "plain"}
                icon={turn.speaker === speaker ? <FinishIcon /> : null}
                aria-pressed={turn.speaker === speaker}
                data-testid={`speaker-${speaker}`}
                onClick={() => attempt(setSpeaker(review.live.id, n, speaker))}
              >
                {SPEAKERS[speaker]}
              </Button>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

type WordsProps = Pick<TurnLineProps, "turn" | "n" | "proposals" | "onDecide">;

/** The words of a turn; where a drug is proposed for some, the proposal with what was heard. */
function Words({ turn, n, proposals, onDecide }: WordsProps) {
  if (turn.words.length === 0) return <>{turn.text}</>;
  const starts = new Map(proposals.flatMap((proposal, k) => (proposal.turn === n ? [[proposal.first, k] as const] : [])));
  const shown = [];
  for (let i = 0; i < turn.words.length; i += 1) {
    const k = starts.get(i);
    const proposal = k === undefined ? undefined : proposals[k];
    if (k === undefined || proposal === undefined) {
      shown.push(<WordText key={i} word={turn.words[i]!} />);
    } else {
      const heard = turn.words.slice(proposal.first, proposal.last + 1).map(({ text }) => text).join(" ");
      const decide = onDecide && ((state: Proposal["state"]) => onDecide(k, state));
      shown.push(<ProposedDrug key={i} proposal={proposal} heard={heard} onDecide={decide} />);
      i = proposal.last;
    }
  }
  return <>{shown}</>;
}

function WordText({ word }: { word: Word }) {
  if (word.probability >= DOUBTFUL) return <>{word.text} </>;
  return (
    <>
      <span class="doubtful" title={`Heard with doubt (${Math.round(word.probability * 100)} % sure)`}>
        {word.text}
      </span>{" "}
    </>
  );
}
