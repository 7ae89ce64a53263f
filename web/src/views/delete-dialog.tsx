/** Asks before a visit is deleted, and deletes it. */

import { useEffect, useRef, useState } from "preact/hooks";

import { deleteEncounter, explain, RequestError } from "../api";
import { useApp } from "../app-context";
import { Button } from "./controls";

interface DeleteDialogProps {
  visit: { id: string; title: string };
  onClose: (deleted: boolean) => void;
}

export function DeleteDialog({ visit, onClose }: DeleteDialogProps) {
  const { recorder, uploads, spoken } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);

  useEffect(() => dialog.current?.showModal(), []);

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
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="delete-title"
      aria-describedby="delete-text"
      data-testid="delete-dialog"
      onClose={() => onClose(false)}
    >
      <h2 id="delete-title">Delete “{visit.title}”?</h2>
      <p id="delete-text">
        The recording, the transcript and the note are erased from this box and this tablet. This cannot be undone.
      </p>
      {trouble && (
        <p class="dialog-trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="dialog-actions">
        <Button autofocus disabled={busy} onClick={() => dialog.current?.close()}>
          Keep
        </Button>
        <Button kind="danger" disabled={busy} data-testid="confirm-delete" onClick={() => void remove()}>
          Delete visit
        </Button>
      </div>
    </dialog>
  );
}
