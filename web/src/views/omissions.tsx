/** What was said and matters, but is not in the note: one tap puts it there. */

import { useState } from "preact/hooks";

import { useApp } from "../app-context";
import { isWritable, type Review } from "../review/review";
import type { Encounter, Omission } from "../types";
import { Trouble, useAttempts } from "./attempt";
import { Button } from "./controls";
import { HearButton } from "./hear-button";
import { AddIcon, CloseIcon, InfoIcon, WarningIcon } from "./icons";

/** So many are shown at once. */
const SHOWN = 3;

export function Omissions({ review, encounter }: { review: Review; encounter: Encounter }) {
  const [all, setAll] = useState(false);
  const { lastChecked } = review.live.state.value;
  const open = review.omissions;
  const dismissed = lastChecked?.dismissed ?? [];
  if (open.length + dismissed.length === 0) return null;
  const shown = all ? open : open.slice(0, SHOWN);
  const more = open.length - shown.length;
  return (
    <section class="omissions" aria-labelledby="omissions-title" data-testid="omissions">
      <h3 id="omissions-title">{open.length > 0 ? "Said, but not in the note" : "Nothing else was left out"}</h3>
      <ul>
        {shown.map(({ k, omission }) => (
          <OmissionItem key={omission.kind + omission.text} k={k} omission={omission} review={review} encounter={encounter} />
        ))}
      </ul>
      {(more > 0 || dismissed.length > 0) && (
        <Button kind="quiet" aria-expanded={all} data-testid="all-omissions" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : [more > 0 && `Show ${more} more`, dismissed.length > 0 && `${dismissed.length} dismissed`].filter(Boolean).join(", ")}
        </Button>
      )}
      {all && (
        <ul class="dismissed muted">
          {dismissed.map(({ omission, reason }) => (
            <DismissedItem key={omission} k={omission} reason={reason} review={review} encounter={encounter} />
          ))}
        </ul>
      )}
    </section>
  );
}

function DismissedItem({ k, reason, review, encounter }: { k: number; reason: string; review: Review; encounter: Encounter }) {
  const { spoken } = useApp();
  const { trouble, attempt } = useAttempts();
  const { checked, lastChecked } = review.live.state.value;
  const text = lastChecked?.check?.omissions[k]?.text ?? "";
  const restore = async () => {
    await review.restore(k);
    spoken.value = "Listed again.";
  };
  return (
    <li data-testid="dismissed">
      <span>
        Dismissed: {text} {reason && <>Because: {reason}</>}
      </span>
      {!encounter.signature && (
        <Button
          kind="quiet"
          data-testid="restore-omission"
          disabled={!checked?.check}
          aria-label={`List again: ${text}`}
          onClick={() => attempt(restore())}
        >
          List again
        </Button>
      )}
      <Trouble words={trouble} />
    </li>
  );
}

interface OmissionItemProps {
  k: number;
  omission: Omission;
  review: Review;
  encounter: Encounter;
}

function OmissionItem({ k, omission, review, encounter }: OmissionItemProps) {
  const { spoken } = useApp();
  const [dismissing, setDismissing] = useState(false);
  const [reason, setReason] = useState("");
  const { trouble, attempt } = useAttempts();
  const at = review.selection.value;
  const selected = at?.kind === "omission" && at.k === k;
  const title = encounter.note?.sections.find(({ name }) => name === omission.section)?.title ?? omission.section;
  const major = omission.severity === "major";
  const insert = async () => {
    await review.insert(omission);
    spoken.value = `Inserted into ${title}.`;
  };
  const dismiss = async () => {
    await review.dismiss(k, reason);
    spoken.value = "Dismissed.";
  };
  return (
    <li class={`omission ${major ? "is-major" : ""} ${selected ? "is-selected" : ""}`} data-testid="omission">
      <div class="omission-row">
        <button type="button" class="sentence" aria-expanded={selected} onClick={() => review.select({ kind: "omission", k })}>
          <span class="sentence-text">{omission.text}</span>
          <span class="sentence-marks">
            <span class={`flag ${major ? "flag-missing" : "flag-inferred"}`}>
              {major ? <WarningIcon /> : <InfoIcon />}
              {major ? "Important" : "Minor"}
            </span>
            <span class="muted">{title}</span>
          </span>
        </button>
        <Button
          icon={<AddIcon />}
          data-testid="insert-omission"
          disabled={!isWritable(encounter, omission.section)}
          aria-label={`Insert into ${title}: ${omission.text}`}
          onClick={() => void insert()}
        >
          Insert
        </Button>
        <Button
          kind="quiet"
          class="icon-only"
          icon={<CloseIcon />}
          title="Dismiss"
          data-testid="dismiss-omission"
          aria-expanded={dismissing}
          onClick={() => setDismissing(!dismissing)}
        >
          <span class="visually-hidden">Dismiss: {omission.text}</span>
        </Button>
      </div>
      {selected && (
        <div class="card-actions">
          <HearButton review={review} turns={omission.turns} />
        </div>
      )}
      {dismissing && (
        <form
          class="dismissal"
          onSubmit={(event) => {
            event.preventDefault();
            attempt(dismiss());
          }}
        >
          <input
            class="text-field"
            aria-label="Why it does not belong in the note, if you like"
            placeholder="Why, if you like"
            data-testid="dismissal-reason"
            value={reason}
            autofocus
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <Button type="submit" data-testid="confirm-dismiss" disabled={!review.live.state.value.checked?.check}>
            Dismiss
          </Button>
          <Button kind="quiet" onClick={() => setDismissing(false)}>
            Keep
          </Button>
        </form>
      )}
      <Trouble words={trouble} />
    </li>
  );
}
