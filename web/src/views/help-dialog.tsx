/** The keys of the review. */

import { Button } from "./controls";
import { Dialog } from "./dialog";

const KEYS: [string, string][] = [
  ["Tab", "To the sentences, and on to each button"],
  ["Up, Down, Home, End", "From sentence to sentence, from turn to turn"],
  ["Enter", "Show what a sentence rests on, or where a turn went"],
  ["Esc", "Close what is open; end editing"],
  ["Alt N", "Next sentence that needs a look, worst first"],
  ["Alt H", "Hear what is marked, or stop"],
  ["Alt E", "Edit the section of the marked sentence"],
  ["Alt C", "Copy the note"],
  ["Alt V", "Versions"],
  ["Alt S", "Sign, or add to a signed note"],
  ["Alt K", "These keys"],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" testId="help-dialog" wide onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <Button autofocus onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
