/** Starts a visit: one large button, and the kind of note. */

import { useState } from "preact/hooks";

import { useApp } from "../app-context";
import { defaultTitle } from "../format";
import { openVisit } from "../route";
import { Banner, Button, useShortcut } from "./controls";
import { MicrophoneIcon } from "./icons";
import { PlaceButton } from "./place";

export function StartPanel() {
  const { recorder, box, offline, spoken } = useApp();
  const [chosen, setChosen] = useState<string | null>(null);
  const status = box.status.value;
  const template = chosen ?? status?.default_template ?? "";
  const phase = recorder.phase.value;
  const busy = phase !== "idle" && recorder.encounter.value === null;
  const ready = phase === "idle" && status !== null;

  const start = async () => {
    const encounter = await recorder.start(defaultTitle(new Date()), template);
    if (!encounter) return;
    spoken.value = "Recording.";
    openVisit(encounter.id);
  };
  useShortcut("S", ready ? () => void start() : null);

  return (
    <section class="start-panel" aria-labelledby="start-title">
      <h2 id="start-title">New visit</h2>
      <label class="field">
        <span>Kind of note</span>
        <select
          data-testid="template"
          value={template}
          disabled={!status}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {status?.templates.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <Button
        kind="primary"
        class="start-button"
        icon={<MicrophoneIcon />}
        shortcut="S"
        data-testid="start"
        disabled={!ready}
        onClick={() => void start()}
      >
        {busy ? "Starting" : "Start"}
      </Button>
      {recorder.trouble.value && phase === "idle" && (
        <Banner kind="error" testId="start-trouble">
          {recorder.trouble}
        </Banner>
      )}
      {!busy && phase !== "idle" && <p class="muted">A visit is being recorded. Finish it before the next one.</p>}
      {!box.reachable.value && offline.ready.value && (
        <Banner kind="info" testId="start-here">
          The box is away. A visit is kept on this tablet, encrypted, and goes to the box when it is there again.
        </Banner>
      )}
      <p class="muted start-promise">Speech and note are worked out in this building. Nothing is sent anywhere else.</p>
      <PlaceButton encounter={null} />
    </section>
  );
}
