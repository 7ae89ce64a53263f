/** The title of a visit, changed in place. */

import { useEffect, useState } from "preact/hooks";

import { changeEncounter } from "../api";
import type { Encounter } from "../types";

export function VisitTitle({ encounter }: { encounter: Encounter }) {
  const [title, setTitle] = useState(encounter.title);
  const [failed, setFailed] = useState(false);
  useEffect(() => setTitle(encounter.title), [encounter.title]);

  const save = async () => {
    const wanted = title.trim();
    if (!wanted) setTitle(encounter.title);
    if (!wanted || wanted === encounter.title) return;
    try {
      await changeEncounter(encounter.id, { title: wanted });
      setFailed(false);
    } catch {
      setFailed(true);
    }
  };

  return (
    <h1 class="visit-title">
      <input
        aria-label="Title of the visit"
        aria-invalid={failed}
        data-testid="title"
        maxLength={120}
        value={title}
        onInput={(event) => setTitle(event.currentTarget.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setTitle(encounter.title);
        }}
      />
      {failed && <span class="title-failed">Not saved</span>}
    </h1>
  );
}
