/** What must be said of every text that a model wrote. */

import { InfoIcon, ReviewIcon } from "./icons";

/** Stands over every text that the model wrote. */
export function DraftNotice({ words }: { words: string }) {
  return (
    <p class="draft-notice" data-testid="draft-notice">
      <ReviewIcon />
      <span>{words}</span>
    </p>
  );
}

/** Said of notes from the base model, until a tuned adapter is in the bundle. */
export function UntunedNotice() {
  return (
    <p class="untuned-notice" data-testid="untuned-notice">
      <InfoIcon />
      <span>This note was written by an untuned 135M demonstration model. Expect errors and omissions.</span>
    </p>
  );
}
