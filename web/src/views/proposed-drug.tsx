/** A drug that may have been said where something else was heard; one tap goes back and forth. */

import type { Proposal } from "../types";

interface ProposedDrugProps {
  proposal: Proposal;
  /** The words as they were heard, with their punctuation. */
  heard: string;
  /** Null when nothing may change any more. */
  onDecide: ((state: Proposal["state"]) => void) | null;
}

export function ProposedDrug({ proposal, heard, onDecide }: ProposedDrugProps) {
  const accepted = proposal.state === "accepted";
  const shown = accepted ? proposal.drug + (/[.,;:?!]+$/.exec(heard)?.[0] ?? "") : heard;
  if (!onDecide) return <span class={accepted ? "proposed is-accepted" : ""} title={accepted ? `Heard as "${proposal.said}".` : ""}>{`${shown} `}</span>;
  const words = accepted ? `Heard as "${proposal.said}". Tap to keep what was heard.` : `Tap to read it as ${proposal.drug}.`;
  return (
    <>
      <button
        type="button"
        class={`proposed ${accepted ? "is-accepted" : ""}`}
        title={words}
        aria-label={`${shown}. ${words}`}
        data-testid="proposal"
        onClick={() => onDecide(accepted ? "rejected" : "accepted")}
      >
        {shown}
      </button>{" "}
    </>
  );
}
