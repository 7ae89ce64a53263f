/** A signed note: who signed it and why in spite of what, and what was added to it since. */

import { useState } from "preact/hooks";

import { addAddendum } from "../api";
import { moment } from "../format";
import type { Addendum, Encounter, Signature } from "../types";
import { Trouble, useAttempts } from "./attempt";
import { Button } from "./controls";
import { Dialog } from "./dialog";
import { AddIcon, SignIcon } from "./icons";
import { SignerField } from "./signer-field";
import { BlockFlag } from "./state-flag";

export function Signed({ signature }: { signature: Signature }) {
  const { overrides } = signature;
  return (
    <section class="signed" aria-labelledby="signed-title" data-testid="signature" tabIndex={-1}>
      <SignIcon />
      <div>
        <h3 id="signed-title">
          Signed by {signature.signer}, {moment(new Date(signature.created))}
        </h3>
        {overrides.length > 0 && (
          <ul class="overrides">
            {overrides.map((override) => (
              <li key={`${override.section} ${override.sentence}`} data-testid="override">
                <BlockFlag kind={override.kind} />
                {override.text && <span>“{override.text}”</span>} Signed because: {override.reason}
              </li>
            ))}
          </ul>
        )}
        <p class="muted">Version {signature.version}. It does not change any more.</p>
      </div>
    </section>
  );
}

export function Addenda({ addenda }: { addenda: Addendum[] }) {
  return (
    <>
      {addenda.map((addendum) => (
        <section key={addendum.created} class="note-section addendum" aria-label="Addendum" data-testid="addendum">
          <h3>Addendum</h3>
          <p class="addendum-text">{addendum.text}</p>
          <p class="muted">
            {addendum.signer}, {moment(new Date(addendum.created))}
          </p>
        </section>
      ))}
    </>
  );
}

export function AddendumDialog({ encounter, onClose }: { encounter: Encounter; onClose: () => void }) {
  const [text, setText] = useState("");
  const [signer, setSigner] = useState(encounter.signature?.signer ?? "");
  const { trouble, busy, attempt } = useAttempts();
  const ready = text.trim() !== "" && signer.trim() !== "";
  return (
    <Dialog title="Add to the signed note" testId="addendum-dialog" wide onClose={onClose}>
      <form
        class="sign-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) attempt(addAddendum(encounter.id, text, signer).then(onClose));
        }}
      >
        <label class="field">
          Addendum
          <textarea
            class="text-field"
            rows={4}
            autofocus
            spellcheck
            data-testid="addendum-text"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <SignerField testId="addendum-signer" value={signer} onChange={setSigner} />
        <Trouble words={trouble} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" icon={<AddIcon />} data-testid="confirm-addendum" disabled={busy || !ready}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
