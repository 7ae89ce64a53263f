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

/** What the bundle says of all notes of its model. */
export function ModelCaution({ words }: { words: string }) {
  return (
    <p class="model-caution" data-testid="model-caution">
      <InfoIcon />
      <span>{words}</span>
    </p>
  );
}
