/** Asks before a visit is deleted, and deletes it. */

import { useState } from "preact/hooks";

import { deleteEncounter, explain, RequestError } from "../api";
import { useApp } from "../app-context";
import { Trouble } from "./attempt";
import { Button } from "./controls";
import { Dialog } from "./dialog";

interface DeleteDialogProps {
  visit: { id: string; title: string };
  onClose: (deleted: boolean) => void;
}

export function DeleteDialog({ visit, onClose }: DeleteDialogProps) {
  const { recorder, uploads, spoken } = useApp();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);

  const remove = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      await deleteEncounter(visit.id);
    } catch (error) {
      if (!(error instanceof RequestError && error.status === 404)) {
        setBusy(false);
        setTrouble(explain(error));
        return;
      }
    }
    if (recorder.encounter.value === visit.id) recorder.abandon();
    await uploads.forget(visit.id);
    spoken.value = `${visit.title} was deleted.`;
    onClose(true);
  };

  return (
    <Dialog title={`Delete “${visit.title}”?`} testId="delete-dialog" onClose={() => onClose(false)}>
      <p>The recording, the transcript and the note are erased from this box and this tablet. This cannot be undone.</p>
      <Trouble words={trouble} />
      <div class="dialog-actions">
        <Button autofocus disabled={busy} onClick={() => onClose(false)}>
          Keep
        </Button>
        <Button kind="danger" disabled={busy} data-testid="confirm-delete" onClick={() => void remove()}>
          Delete visit
        </Button>
      </div>
    </Dialog>
  );
}
