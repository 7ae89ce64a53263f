/** The foot of a visit that is being recorded: level, time, Pause and Finish, or the way to go on after an interruption. */

import { useState } from "preact/hooks";

import { explain } from "../api";
import { useApp } from "../app-context";
import { clock, spokenLength } from "../format";
import { CHUNK_SECONDS, type Encounter } from "../types";
import { Banner, Button, Progress, useShortcut } from "./controls";
import { FinishIcon, MicrophoneIcon, PauseIcon, ResumeIcon } from "./icons";
import { LevelMeter } from "./level-meter";

export function RecordingFoot({ encounter }: { encounter: Encounter }) {
  const { recorder, uploads } = useApp();
  const upload = uploads.get(encounter.id);
  if (recorder.encounter.value === encounter.id) {
    return recorder.phase.value === "interrupted" ? <Interrupted encounter={encounter} /> : <Live />;
  }
  const state = upload?.queue.state.value;
  if (upload?.recording.finished && state?.outcome === "sending") return <Sending waiting={state.waiting} />;
  if (encounter.state !== "recording" || state?.outcome === "finished") return null;
  return upload ? <Interrupted encounter={encounter} /> : <Elsewhere encounter={encounter} />;
}

function Live() {
  const { recorder, spoken } = useApp();
  const phase = recorder.phase.value;
  const paused = phase === "paused";
  const working = phase === "opening" || phase === "ending";

  const toggle = () => {
    if (paused) recorder.resume();
    else recorder.pause();
    spoken.value = paused ? "Recording." : "Paused. Nothing is recorded.";
  };
  const finish = () => void recorder.finish();
  useShortcut("P", working ? null : toggle);
  useShortcut("F", working ? null : finish);

  return (
    <section class="recording-foot" aria-label="Recording">
      <Warnings />
      <div class="recording-controls">
        <div class={`recording-now ${paused ? "is-paused" : ""}`}>
          <span class="recording-dot" aria-hidden="true" />
          <span data-testid="recording-state">{paused ? "Paused" : phase === "ending" ? "Ending" : "Recording"}</span>
          <RecordingClock />
        </div>
        <LevelMeter paused={paused} />
        <Button
          class="large"
          icon={paused ? <ResumeIcon /> : <PauseIcon />}
          shortcut="P"
          data-testid={paused ? "resume" : "pause"}
          disabled={working}
          onClick={toggle}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
        <Button
          kind="primary"
          class="large"
          icon={<FinishIcon />}
          shortcut="F"
          data-testid="finish"
          disabled={working}
          onClick={finish}
        >
          Finish
        </Button>
      </div>
    </section>
  );
}

function RecordingClock() {
  const { recorder } = useApp();
  const seconds = Math.floor(recorder.seconds.value);
  return (
    <span class="numbers recording-clock" role="timer" aria-label={spokenLength(seconds)} data-testid="recorded">
      {clock(seconds)}
    </span>
  );
}

function Warnings() {
  const { recorder } = useApp();
  if (recorder.muted.value) {
    return (
      <Banner kind="warning" testId="muted">
        The tablet has muted its microphone. Unmute it to record what is said.
      </Banner>
    );
  }
  if (recorder.silent.value) {
    return (
      <Banner kind="warning" testId="no-sound">
        <strong>No sound.</strong> Is the microphone switched on and uncovered?
      </Banner>
    );
  }
  return null;
}

/** The visit is open and this tablet recorded it, but its microphone is off: after a reload, or because it was lost. */
function Interrupted({ encounter }: { encounter: Encounter }) {
  const { recorder, uploads } = useApp();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const upload = uploads.get(encounter.id);
  const refused = upload?.queue.state.value.outcome === "conflict" || upload?.queue.state.value.outcome === "refused";
  const elsewhere = recorder.encounter.value !== null && recorder.encounter.value !== encounter.id;

  const attempt = async (action: () => Promise<void>) => {
    setBusy(true);
    setTrouble(null);
    try {
      await action();
    } catch (error) {
      setTrouble(explain(error));
    }
    setBusy(false);
  };
  const resume = () => void attempt(() => recorder.continue(encounter));
  const finish = () =>
    void attempt(() => (recorder.encounter.value === encounter.id ? recorder.finish() : uploads.finish(encounter.id)));
  useShortcut("P", busy || refused || elsewhere ? null : resume);
  useShortcut("F", busy ? null : finish);

  return (
    <section class="recording-foot" aria-label="Recording interrupted">
      <Banner kind="error" testId="interrupted">
        <strong>Not recording.</strong>{" "}
        {trouble ?? recorder.trouble.value ?? "The recording was interrupted; what was said until then is safe."}
      </Banner>
      <div class="recording-controls">
        <div class="recording-now is-paused">
          <span class="recording-dot" aria-hidden="true" />
          <span data-testid="recording-state">Interrupted</span>
        </div>
        {!refused && (
          <Button
            kind="primary"
            class="large"
            icon={<MicrophoneIcon />}
            shortcut="P"
            data-testid="continue"
            disabled={busy || elsewhere}
            onClick={resume}
          >
            Continue recording
          </Button>
        )}
        <Button class="large" icon={<FinishIcon />} shortcut="F" data-testid="finish" disabled={busy} onClick={finish}>
          Finish
        </Button>
      </div>
    </section>
  );
}

/** The recording is over, and what the tablet still holds goes to the box. */
function Sending({ waiting }: { waiting: number }) {
  const [most, setMost] = useState(Math.max(1, waiting));
  if (waiting > most) setMost(waiting);
  return (
    <section class="recording-foot" aria-label="Sending the recording">
      <Progress
        label="Sending the last of the recording to the box"
        detail={waiting > 0 ? `${Math.ceil(waiting * CHUNK_SECONDS)} s left` : undefined}
        value={waiting > 0 ? 1 - waiting / most : undefined}
      />
    </section>
  );
}

/** Another tablet or tab records this visit. */
function Elsewhere({ encounter }: { encounter: Encounter }) {
  const { uploads } = useApp();
  const [trouble, setTrouble] = useState<string | null>(null);
  const finish = async () => {
    try {
      await uploads.finishAsStored(encounter.id);
    } catch (error) {
      setTrouble(explain(error));
    }
  };
  return (
    <section class="recording-foot" aria-label="Recorded elsewhere">
      <Banner
        kind={trouble ? "error" : "info"}
        testId="elsewhere"
        actions={
          <Button icon={<FinishIcon />} data-testid="finish-stored" onClick={() => void finish()}>
            Finish with what is here
          </Button>
        }
      >
        {trouble ?? "This visit is recorded by another tablet or another tab. What it sends appears here."}
      </Banner>
    </section>
  );
}
