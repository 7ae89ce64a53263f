/** What the check found, in one line, and the way through it. */

import { useEffect, useState } from "preact/hooks";

import { useApp } from "../app-context";
import type { Review } from "../review/review";
import { counted, STATE_WORDS } from "../review/words";
import { Button, useShortcut } from "./controls";
import { ContradictedIcon, DownIcon, HistoryIcon, InferredIcon, KeyboardIcon, ReadyIcon, UnsupportedIcon, WarningIcon, WorkingIcon } from "./icons";
import { focusRoving } from "./roving";

/** A check that is pending for longer, in milliseconds, is worth a word. */
const LATE_MS = 10_000;

interface ReviewBarProps {
  review: Review;
  onVersions: () => void;
  onHelp: () => void;
}

export function ReviewBar({ review, onVersions, onHelp }: ReviewBarProps) {
  const signed = review.live.state.value.encounter?.state === "signed";
  const next = signed ? undefined : review.nextDoubtful();
  const visit = () => {
    if (!next) return;
    review.visit(next.key);
    focusRoving(next.key);
  };
  useShortcut("N", next ? visit : null);
  useShortcut("V", onVersions);
  useShortcut("K", onHelp);
  return (
    <div class="review-bar">
      <div class="review-found" role="status" data-testid="check-state" data-state={review.live.state.value.checked?.check ? "checked" : "pending"}>
        {signed ? (
          <span class="found found-supported">
            <ReadyIcon />
            Signed: read only
          </span>
        ) : (
          <Found review={review} />
        )}
      </div>
      <div class="review-tools">
        {next && (
          <Button icon={<DownIcon />} shortcut="N" data-testid="next-doubtful" onClick={visit}>
            Next
          </Button>
        )}
        <Button kind="quiet" class="icon-only" icon={<HistoryIcon />} title="Versions of this note" data-testid="versions" onClick={onVersions}>
          <span class="visually-hidden">Versions of this note</span>
        </Button>
        <Button kind="quiet" class="icon-only" icon={<KeyboardIcon />} title="Keys" data-testid="help" onClick={onHelp}>
          <span class="visually-hidden">Keys</span>
        </Button>
      </div>
    </div>
  );
}

function Found({ review }: { review: Review }) {
  const { checked } = review.live.state.value;
  const pending = !checked?.check;
  const late = useLate(pending);
  const { box } = useApp();
  if (pending) {
    const away = !review.live.state.value.services.note || box.status.value?.note === null;
    return (
      <span class="found found-unchecked">
        <WorkingIcon />
        {away ? "The check waits for the note service. You can go on." : late ? "Not checked yet. You can go on." : "Checking the note"}
      </span>
    );
  }
  const contradicted = counted(review.sections.value, "contradicted");
  const unsupported = counted(review.sections.value, "unsupported");
  const inferred = counted(review.sections.value, "inferred");
  const missing = review.omissions.length;
  if (contradicted + unsupported + inferred + missing === 0) {
    return (
      <span class="found found-supported">
        <ReadyIcon />
        Everything in the note was said
      </span>
    );
  }
  return (
    <>
      <span class="visually-hidden">Checked: </span>
      {contradicted > 0 && <Count n={contradicted} state="contradicted" icon={<ContradictedIcon />} />}
      {unsupported > 0 && <Count n={unsupported} state="unsupported" icon={<UnsupportedIcon />} />}
      {inferred > 0 && <Count n={inferred} state="inferred" icon={<InferredIcon />} />}
      {missing > 0 && (
        <span class="found found-missing">
          <WarningIcon />
          {missing} left out
        </span>
      )}
    </>
  );
}

function Count({ n, state, icon }: { n: number; state: "contradicted" | "unsupported" | "inferred"; icon: preact.JSX.Element }) {
  return (
    <span class={`found found-${state}`}>
      {icon}
      {n} {STATE_WORDS[state].toLowerCase()}
    </span>
  );
}

/** Whether something lasts longer than it should. */
function useLate(lasts: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!lasts) return undefined;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, [lasts]);
  return late;
}
