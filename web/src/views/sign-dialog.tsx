/** Signing the note: who signs, and a reason for everything that stands in the way. */

import { useState } from "preact/hooks";

import type { Review } from "../review/review";
import type { Block, Encounter } from "../types";
import { Trouble } from "./attempt";
import { Banner, Button } from "./controls";
import { Dialog } from "./dialog";
import { SignIcon } from "./icons";
import { SignerField } from "./signer-field";
import { BlockFlag } from "./state-flag";

interface SignDialogProps {
  review: Review;
  encounter: Encounter;
  onClose: () => void;
  /** Look at the sentence that stands in the way. */
  onVisit: (block: Block) => void;
}

export function SignDialog({ review, encounter, onClose, onVisit }: SignDialogProps) {
  const { signing, editor } = review;
  const blocks = signing.blocks.value;
  const { missing } = signing;
  const saved = editor.save.value === "saved";
  // What is signed is what was seen when the dialog opened: a newer version must be looked at first.
  const [version] = useState(editor.version);
  const sign = async () => {
    if (await signing.sign(version)) onClose();
  };
  return (
    <Dialog title="Sign this note" testId="sign-dialog" wide onClose={onClose}>
      <form
        class="sign-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing && saved) void sign();
        }}
      >
        <p>Once it is signed it does not change any more. You can add to it.</p>
        <SignerField
          testId="signer"
          autofocus
          value={signing.signer.value}
          onChange={(signer) => {
            signing.signer.value = signer;
          }}
        />
        {!saved && <Banner kind="warning">Your last changes are not saved yet. Look at the note, then sign.</Banner>}
        {blocks.length > 0 && (
          <section class="blocks" aria-labelledby="blocks-title">
            <div role="alert">
              <h3 id="blocks-title">{blocks.length === 1 ? "One thing stands" : `${blocks.length} things stand`} in the way</h3>
            </div>
            <ul>
              {blocks.map((block) => (
                <BlockItem key={`${block.section} ${block.sentence} ${block.kind}`} block={block} review={review} encounter={encounter} onVisit={onVisit} />
              ))}
            </ul>
          </section>
        )}
        <Trouble words={signing.trouble.value} />
        <div class="dialog-actions">
          {missing && <span class="muted sign-missing">{missing}</span>}
          <Button onClick={onClose}>Not yet</Button>
          <Button type="submit" kind="primary" icon={<SignIcon />} data-testid="confirm-sign" disabled={signing.busy.value || !saved || missing !== null}>
            {blocks.length > 0 ? "Sign nevertheless" : "Sign"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface BlockItemProps {
  block: Block;
  review: Review;
  encounter: Encounter;
  onVisit: (block: Block) => void;
}

function BlockItem({ block, review, encounter, onVisit }: BlockItemProps) {
  const { signing } = review;
  const title = encounter.note?.sections.find(({ name }) => name === block.section)?.title;
  const what = block.text || WHOLE[block.kind] || "";
  return (
    <li class="block" data-testid="block" data-kind={block.kind}>
      <p class="block-head">
        <BlockFlag kind={block.kind} />
        {title && <span class="muted">{title}</span>}
      </p>
      <p class="block-text">{what}</p>
      <div class="block-ways">
        {block.kind !== "version" && (
          <input
            class="text-field"
            aria-label={`Why it is right: ${what}`}
            placeholder="Right, because"
            data-testid="override-reason"
            value={signing.reasonFor(block)}
            onInput={(event) => signing.setReason(block, event.currentTarget.value)}
          />
        )}
        <Button data-testid="visit-block" onClick={() => onVisit(block)}>
          {block.section === null ? "Look at the note" : "Go to it"}
        </Button>
      </div>
    </li>
  );
}

const WHOLE: Partial<Record<Block["kind"], string>> = {
  check_pending: "The check of this note has not come yet. Wait for it, or sign unchecked.",
  version: "The note was changed since you looked at it.",
};
