/** The dialogs of the review, of which one is open at most. */

import type { Review } from "../review/review";
import type { Block, Encounter } from "../types";
import { HelpDialog } from "./help-dialog";
import { focusRoving } from "./roving";
import { SignDialog } from "./sign-dialog";
import { AddendumDialog } from "./signed";
import { VersionsDialog } from "./versions-dialog";

export type ReviewDialog = "sign" | "addendum" | "versions" | "help" | null;

interface ReviewDialogsProps {
  open: ReviewDialog;
  review: Review;
  encounter: Encounter;
  onClose: () => void;
}

export function ReviewDialogs({ open, review, encounter, onClose }: ReviewDialogsProps) {
  const visit = (block: Block) => {
    onClose();
    if (block.kind === "version") review.signing.looked();
    const lines = review.sections.value.flatMap((section) => section.lines);
    const line = lines.find(({ section, sentence, text }) => section === block.section && sentence === block.sentence && text === block.text);
    if (!line) return;
    review.visit(line.key);
    // The dialog gives the focus back first.
    requestAnimationFrame(() => requestAnimationFrame(() => focusRoving(line.key)));
  };
  switch (open) {
    case "sign":
      // It is signed, perhaps by somebody else: nothing is left to ask.
      return encounter.state === "draft" ? <SignDialog review={review} encounter={encounter} onClose={onClose} onVisit={visit} /> : null;
    case "addendum":
      return <AddendumDialog encounter={encounter} onClose={onClose} />;
    case "versions":
      return <VersionsDialog review={review} encounter={encounter} onClose={onClose} />;
    case "help":
      return <HelpDialog onClose={onClose} />;
    case null:
      return null;
  }
}
