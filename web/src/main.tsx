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

import { signal } from "@preact/signals";
import { render } from "preact";

import { type App, AppProvider, BoxStatus } from "./app-context";
import { Recorder } from "./recording/recorder";
import { ChunkStore } from "./upload/chunk-store";
import { Uploads } from "./upload/uploads";
import { Shell, StartFailure } from "./views/shell";

const root = document.getElementById("app");
if (!root) throw new Error("The page has no #app element.");

try {
  const uploads = new Uploads(await ChunkStore.open());
  const app: App = { uploads, recorder: new Recorder(uploads), box: new BoxStatus(), spoken: signal("") };
  app.box.watch();
  // Ask the browser not to clear audio that waits here when the tablet's storage runs short.
  void navigator.storage?.persist();
  await uploads.resume();
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
