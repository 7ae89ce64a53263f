/** The frame around every view: header, messages for screen readers, and the view that the address names. */

import { explain } from "../api";
import { useApp } from "../app-context";
import { openVisit, route } from "../route";
import { clock } from "../format";
import { Banner, Button } from "./controls";
import { OfflineIcon, ReadyIcon, WorkingIcon } from "./icons";
import { ListView } from "./list";
import { VisitView } from "./visit";

export function Shell() {
  const { spoken } = useApp();
  const at = route.value;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to content
      </a>
      <header class="shell-header">
        <a class="brand" href="#/" aria-label="Chartside, all visits">
          <img src="/icon.svg" alt="" width="32" height="32" />
          <span>Chartside</span>
        </a>
        <OtherRecording />
        <BoxBadge />
      </header>
      <main id="main" tabIndex={-1}>
        {at.view === "visit" ? <VisitView key={at.id} id={at.id} /> : <ListView />}
      </main>
      <div class="visually-hidden" role="status" data-testid="spoken">
        {spoken}
      </div>
    </div>
  );
}

/** Shown instead of everything when the page cannot work at all. */
export function StartFailure({ error }: { error: unknown }) {
  return (
    <main class="start-failure">
      <Banner kind="error">
        Chartside cannot keep recordings on this tablet: {explain(error)} Leave private browsing, free some storage, then
        reload the page.
      </Banner>
    </main>
  );
}

/** The way back to a recording that runs while another view is open. */
function OtherRecording() {
  const { recorder } = useApp();
  const id = recorder.encounter.value;
  const at = route.value;
  if (!id || (at.view === "visit" && at.id === id)) return null;
  const phase = recorder.phase.value;
  const words = phase === "paused" ? "Paused" : phase === "interrupted" ? "Interrupted" : "Recording";
  return (
    <Button class="other-recording" data-testid="return-to-recording" onClick={() => openVisit(id)}>
      {words}: {recorder.title} <span class="numbers">{clock(recorder.seconds.value)}</span>
    </Button>
  );
}

function BoxBadge() {
  const { box } = useApp();
  const status = box.status.value;
  if (!box.reachable.value) {
    return (
      <span class="box-badge box-away" data-testid="box-status">
        <OfflineIcon /> No connection to the box
      </span>
    );
  }
  const waiting = status ? [!status.speech && "speech", !status.note && "note"].filter(Boolean) : ["box"];
  return waiting.length === 0 ? (
    // In a tab of its own: leaving this one would end a recording.
    <a class="box-badge" data-testid="box-status" href="/status" target="_blank" rel="noopener" title="Status of the box">
      <ReadyIcon /> Box ready
    </a>
  ) : (
    <span class="box-badge box-away" data-testid="box-status">
      <WorkingIcon /> Starting: {waiting.join(" and ")}
    </span>
  );
}

/** The address after # names the view, so the skip link must not change it. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
