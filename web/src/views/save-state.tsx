/** Whether edits of the note are saved, and what to do where they cannot be. */

import type { NoteEditor, SaveState } from "../encounter/note-editor";
import { useAttempts } from "./attempt";
import { Banner, Button } from "./controls";

const SAVE_WORDS: Record<SaveState, string> = {
  saved: "Saved",
  unsaved: "Editing",
  saving: "Saving",
  failed: "Not saved yet",
  conflict: "Not saved",
};

export function SaveWords({ editor }: { editor: NoteEditor }) {
  return (
    <span class={`save-words save-${editor.save.value}`} data-testid="save-state" data-state={editor.save.value}>
      {SAVE_WORDS[editor.save.value]}
    </span>
  );
}

export function SaveTrouble({ editor }: { editor: NoteEditor }) {
  const { trouble, attempt } = useAttempts();
  if (editor.save.value === "failed") {
    return (
      <Banner kind="warning" testId="save-failed">
        Your changes are not saved yet; the page keeps trying. {editor.trouble}
      </Banner>
    );
  }
  if (editor.save.value !== "conflict") return null;
  return (
    <Banner
      kind="error"
      testId="save-conflict"
      actions={
        <>
          <Button data-testid="load-stored" onClick={() => attempt(editor.loadStored())}>
            Load the other version
          </Button>
          <Button data-testid="keep-own" onClick={() => attempt(editor.keepOwn())}>
            Keep mine
          </Button>
        </>
      }
    >
      <strong>This note was changed somewhere else.</strong>{" "}
      {trouble ?? "Load that version and lose your last changes, or keep yours in the sections you edited."}
    </Banner>
  );
}
