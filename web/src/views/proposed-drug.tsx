/** A drug that may have been said where something else was heard; one tap goes back and forth. */

import type { Proposal } from "../types";

interface ProposedDrugProps {
  proposal: Proposal;
  /** The words as they were heard, with their punctuation. */
  heard: string;
  onDecide: (state: Proposal["state"]) => void;
}

export function ProposedDrug({ proposal, heard, onDecide }: ProposedDrugProps) {
  const accepted = proposal.state === "accepted";
  const shown = accepted ? proposal.drug + (/[.,;:?!]+$/.exec(heard)?.[0] ?? "") : heard;
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
