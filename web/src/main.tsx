import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/list.css";
import "./styles/visit.css";
import "./styles/recording.css";
import "./styles/transcript.css";
import "./styles/note.css";
import "./styles/review.css";
import "./styles/signing.css";
import "./styles/place.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { type App, AppProvider, BoxStatus } from "./app-context";
import { Offline } from "./offline/offline";
import { Vault } from "./offline/vault";
import { startPlacement } from "./placement/start";
import { Recorder } from "./recording/recorder";
import { ChunkStore } from "./upload/chunk-store";
import { Uploads } from "./upload/uploads";
import { Shell, StartFailure } from "./views/shell";

const root = document.getElementById("app");
if (!root) throw new Error("The page has no #app element.");

try {
  const vault = await Vault.open();
  const chunks = await ChunkStore.open(vault);
  const uploads = new Uploads(chunks);
  const box = new BoxStatus();
  const offline = await Offline.open(vault, chunks, uploads, box);
  const recorder = new Recorder(uploads);
  const placement = startPlacement(uploads, recorder, box, offline.box);
  const app: App = { uploads, recorder, box, offline, placement, spoken: signal("") };
  app.box.watch();
  // Ask the browser not to clear audio that waits here when the tablet's storage runs short.
  void navigator.storage?.persist();
  await uploads.resume();
  offline.run(() => recorder.abandon());
  addEventListener("beforeunload", (event) => {
    if (app.recorder.phase.value !== "idle") event.preventDefault();
  });
  render(
    <AppProvider value={app}>
      <Shell />
    </AppProvider>,
    root,
  );
} catch (error) {
  render(<StartFailure error={error} />, root);
}
