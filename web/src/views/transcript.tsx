/** What was said, turn by turn, with gaps and doubtful words marked. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { clock } from "../format";
import type { VisitState } from "../encounter/state";
import type { Gap, Partial, Proposal, Turn, Word } from "../types";
import { Button } from "./controls";
import { DownIcon, WarningIcon } from "./icons";
import { ProposedDrug } from "./proposed-drug";

/** Words that were recognized with less than this probability are marked. */
const DOUBTFUL = 0.5;
/** This near to its end, in CSS pixels, the transcript follows what is said. */
const NEAR_END = 80;

interface TranscriptPaneProps {
  state: VisitState;
  /** Turns that the section in focus was written from. */
  sources: ReadonlySet<number>;
  /** Takes number and new state of a proposal. */
  onDecide: (k: number, state: Proposal["state"]) => void;
}

export function TranscriptPane({ state, sources, onDecide }: TranscriptPaneProps) {
  const { encounter, partial } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const turns = encounter?.transcript.turns ?? [];
  const gaps = encounter?.transcript.gaps ?? [];
  const proposals = encounter?.proposals ?? [];
  const live = encounter?.state === "recording" || encounter?.state === "transcribing";

  useLayoutEffect(() => {
    if (follows && live) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [turns.length, gaps.length, partial, follows, live]);

  useLayoutEffect(() => {
    if (sources.size === 0) return;
    scroller.current?.querySelector(".turn.is-source")?.scrollIntoView({ block: "nearest" });
  }, [sources]);

  const onScroll = () => {
    const pane = scroller.current;
    if (pane) setFollows(pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR_END);
  };

  return (
    <section class="pane transcript-pane" aria-labelledby="transcript-title">
      <div class="pane-header">
        <h2 id="transcript-title">Transcript</h2>
        {turns.some(hasDoubt) && (
          <span class="muted legend">
            <span class="doubtful">dotted</span> = heard with doubt
          </span>
        )}
      </div>
      <div class="pane-body transcript" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="What was said">
        <div role="log" aria-label="Turns" aria-live={live ? "polite" : "off"} aria-relevant="additions">
          <ol class="turns" data-testid="turns">
            {inOrder(turns, gaps).map((line) =>
              line.kind === "gap" ? (
                <GapLine key={`gap-${line.gap.start}`} gap={line.gap} />
              ) : (
                <TurnLine key={line.n} turn={line.turn} isSource={sources.has(line.n)}>
                  <Words turn={line.turn} proposals={proposals} n={line.n} onDecide={onDecide} />
                </TurnLine>
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

function TurnLine({ turn, isSource, children }: { turn: Turn; isSource: boolean; children: ComponentChildren }) {
  return (
    <li class={`turn ${isSource ? "is-source" : ""}`} data-testid="turn">
      <span class="turn-time numbers">{clock(turn.start)}</span>
      <p>
        {isSource && <span class="source-mark">Source</span>}
        {turn.speaker !== "unknown" && <strong class="speaker">{turn.speaker === "clinician" ? "Clinician" : "Patient"}</strong>}
        <span class="words">{children}</span>
      </p>
    </li>
  );
}

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
      shown.push(<ProposedDrug key={i} proposal={proposal} heard={heard} onDecide={(state) => onDecide(k, state)} />);
      i = proposal.last;
    }
  }
  return <>{shown}</>;
}

interface WordsProps {
  turn: Turn;
  n: number;
  proposals: Proposal[];
  onDecide: (k: number, state: Proposal["state"]) => void;
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

const hasDoubt = (turn: Turn): boolean => turn.words.some(({ probability }) => probability < DOUBTFUL);
