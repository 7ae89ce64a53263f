/** All versions of the note: look at an older one, and take it back as the newest. */

import { useEffect, useState } from "preact/hooks";

import { getVersion, listVersions } from "../api";
import { useApp } from "../app-context";
import { moment } from "../format";
import type { Review } from "../review/review";
import type { Encounter, OldVersion, VersionEntry } from "../types";
import { Trouble, useAttempts } from "./attempt";
import { Button, Progress } from "./controls";
import { Dialog } from "./dialog";
import { HistoryIcon } from "./icons";

const AUTHORS = { model: "Written by the model", clinician: "Edited by a clinician" };

interface VersionsDialogProps {
  review: Review;
  encounter: Encounter;
  onClose: () => void;
}

export function VersionsDialog({ review, encounter, onClose }: VersionsDialogProps) {
  const { spoken } = useApp();
  const [entries, setEntries] = useState<VersionEntry[] | null>(null);
  const [shown, setShown] = useState<OldVersion | null>(null);
  const { trouble, attempt } = useAttempts();
  const newest = encounter.note_version;
  const open = (version: number) => attempt(getVersion(encounter.id, version).then(setShown));

  useEffect(() => {
    attempt(listVersions(encounter.id).then((found) => setEntries(found.reverse())));
  }, [newest]);

  const takeBack = async (old: OldVersion) => {
    await review.takeBack((old.note?.sections ?? []).map(({ name, text }) => ({ name, text })));
    spoken.value = `Version ${old.version} was taken back.`;
    onClose();
  };

  return (
    <Dialog title="Versions of this note" testId="versions-dialog" wide onClose={onClose}>
      {!entries && !trouble && <Progress label="Loading the versions" />}
      <div class="versions">
        <ol class="version-list">
          {entries?.map(({ version, author, created }) => (
            <li key={version}>
              <button
                type="button"
                class="version"
                data-testid="version"
                data-version={version}
                aria-pressed={shown?.version === version}
                onClick={() => open(version)}
              >
                <strong>
                  Version {version}
                  {version === newest && ", now"}
                </strong>
                <span class="muted">
                  {AUTHORS[author]}, {moment(new Date(created))}
                </span>
              </button>
            </li>
          ))}
        </ol>
        <div class="version-text" data-testid="version-text" tabIndex={0} role="region" aria-label="Text of the version">
          {shown ? <VersionText old={shown} encounter={encounter} /> : <p class="muted">Tap a version to read it.</p>}
        </div>
      </div>
      <Trouble words={trouble} />
      <div class="dialog-actions">
        <Button onClick={onClose}>Close</Button>
        {shown && shown.version !== newest && encounter.state === "draft" && (
          <Button kind="primary" icon={<HistoryIcon />} data-testid="take-back" onClick={() => void takeBack(shown)}>
            Take version {shown.version} back
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function VersionText({ old, encounter }: { old: OldVersion; encounter: Encounter }) {
  const now = new Map(encounter.note?.sections.map(({ name, text }) => [name, text]));
  return (
    <>
      {old.note?.sections.map(({ name, title, text }) => (
        <section key={name}>
          <h3>
            {title} {now.get(name) !== text && <span class="source-mark">Other than now</span>}
          </h3>
          <p>{text}</p>
        </section>
      ))}
    </>
  );
}
