/** What was said, turn by turn, with gaps and doubtful words marked. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { decideProposal, swapSpeakers } from "../api";
import { clock } from "../format";
import type { VisitState } from "../encounter/state";
import type { Review } from "../review/review";
import type { Gap, Partial, Turn } from "../types";
import { useAttempts } from "./attempt";
import { Banner, Button } from "./controls";
import { DownIcon, SwapIcon, WarningIcon } from "./icons";
import { useRoving } from "./roving";
import { hasDoubt, TurnLine } from "./turn-line";

/** This near to its end, in CSS pixels, the transcript follows what is said. */
const NEAR_END = 80;

interface TranscriptPaneProps {
  state: VisitState;
  /** Null while there is no note to review. */
  review: Review | null;
}

export function TranscriptPane({ state, review }: TranscriptPaneProps) {
  const { encounter, partial } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const { trouble, attempt } = useAttempts();
  const turns = encounter?.transcript.turns ?? [];
  const gaps = encounter?.transcript.gaps ?? [];
  const proposals = encounter?.proposals ?? [];
  const signed = encounter?.state === "signed";
  const roving = useRoving(turns.map((_, n) => String(n)));
  const sources = review?.sources.value;
  const onDecide = encounter && !signed ? (k: number, wanted: "accepted" | "rejected") => attempt(decideProposal(encounter.id, k, wanted)) : null;
  const live = encounter?.state === "recording" || encounter?.state === "transcribing";

  useLayoutEffect(() => {
    if (follows && live) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [turns.length, gaps.length, partial, follows, live]);

  useLayoutEffect(() => {
    if (sources?.size) scroller.current?.querySelector(".turn.is-source")?.scrollIntoView({ block: "center" });
  }, [review?.selection.value]);

  const onScroll = () => {
    const pane = scroller.current;
    if (pane) setFollows(pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR_END);
  };

  return (
    <section class="pane transcript-pane" aria-labelledby="transcript-title">
      <div class="pane-header">
        <h2 id="transcript-title">Transcript</h2>
        {encounter && !signed && turns.some(({ speaker }) => speaker !== "unknown") && (
          <Button kind="quiet" icon={<SwapIcon />} data-testid="swap-speakers" onClick={() => attempt(swapSpeakers(encounter.id))}>
            Swap speakers
          </Button>
        )}
      </div>
      {trouble && <Banner kind="error">{trouble}</Banner>}
      <PlayerTrouble review={review} />
      <div class="pane-body transcript" {...roving.list} ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="What was said">
        {turns.some(hasDoubt) && (
          <p class="muted legend">
            <span class="doubtful">Dotted</span> words were heard with doubt.
          </p>
        )}
        <div role="log" aria-label="Turns" aria-live={live ? "polite" : "off"} aria-relevant="additions">
          <ol class="turns" data-testid="turns">
            {inOrder(turns, gaps).map((line) =>
              line.kind === "gap" ? (
                <GapLine key={`gap-${line.gap.start}`} gap={line.gap} />
              ) : (
                <TurnLine
                  key={line.n}
                  n={line.n}
                  turn={line.turn}
                  proposals={proposals}
                  review={review}
                  roving={roving}
                  signed={signed}
                  onDecide={onDecide}
                  attempt={attempt}
                />
              ),
            )}
          </ol>
        </div>
        {partial && <PartialLine partial={partial} />}
        {turns.length === 0 && gaps.length === 0 && !partial && <Empty live={live} />}
      </div>
      {live && !follows && (
        <Button class="to-newest" icon={<DownIcon />} onClick={() => setFollows(true)}>
          Newest
        </Button>
      )}
    </section>
  );
}

function PlayerTrouble({ review }: { review: Review | null }) {
  const trouble = review?.player.trouble.value;
  return trouble ? (
    <Banner kind="warning" testId="player-trouble">
      {trouble}
    </Banner>
  ) : null;
}

function GapLine({ gap }: { gap: Gap }) {
  return (
    <li class="gap" data-testid="gap">
      <WarningIcon />
      Audio missing {gap.start.toFixed(1)}-{gap.end.toFixed(1)} s
    </li>
  );
}

/** Not part of the log: a screen reader hears a turn once, when it is final. */
function PartialLine({ partial }: { partial: Partial }) {
  return (
    <div class="turn partial" data-testid="partial" aria-hidden="true">
      <span class="turn-time numbers">{clock(partial.start)}</span>
      <p>
        <span class="stable">{partial.stable}</span> <span class="tentative">{partial.tentative}</span>
        <span class="caret" />
      </p>
    </div>
  );
}

function Empty({ live }: { live: boolean }) {
  return (
    <p class="empty">
      {live ? "Listening. What is said appears here a moment later." : "Nothing was said in this recording."}
    </p>
  );
}

type Line = { kind: "turn"; n: number; turn: Turn; start: number } | { kind: "gap"; gap: Gap; start: number };

/** Turns and gaps by the time they start. A turn that is not here yet leaves no line. */
function inOrder(turns: Turn[], gaps: Gap[]): Line[] {
  const lines: Line[] = gaps.map((gap) => ({ kind: "gap", gap, start: gap.start }));
  turns.forEach((turn, n) => lines.push({ kind: "turn", n, turn, start: turn.start }));
  return lines.sort((a, b) => a.start - b.start);
}
