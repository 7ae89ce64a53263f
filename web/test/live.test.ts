import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { LiveEncounter } from "../src/encounter/live";
import type { Checked, Encounter, Note } from "../src/types";

const note: Note = {
  template: "soap",
  sections: [],
  stamp: { bundle: "", model: "", adapter: "none", strategy: "topics", prompt: "", software: "", caution: "" },
  notice: "",
};
const check = { sections: [], omissions: [] };

class Stream extends EventTarget {
  static last: Stream;
  close = () => undefined;

  constructor() {
    super();
    Stream.last = this;
  }
}

let live: LiveEncounter;
let stored: Checked;

beforeEach(() => {
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  vi.stubGlobal("fetch", async () => Response.json(stored));
  live = new LiveEncounter("a");
  live.open();
});

afterEach(() => {
  live.close();
  vi.unstubAllGlobals();
});

function snapshot(version: number): void {
  const data: Partial<Encounter> = { id: "a", state: "draft", note, note_version: version };
  Stream.last.dispatchEvent(new MessageEvent("snapshot", { data: JSON.stringify(data) }));
}

test("after a lost connection, the check of an older note is not taken for that of the newest", async () => {
  stored = { version: 1, check, dismissed: [] };
  snapshot(1);
  await vi.waitFor(() => expect(live.state.value.checked).toEqual(stored));
  // Meanwhile somebody else edited the note.
  stored = { version: 2, check: null, dismissed: [] };
  snapshot(2);
  await vi.waitFor(() => expect(live.state.value).toMatchObject({ checked: { version: 2, check: null }, lastChecked: { version: 1, check } }));
});

test("a check that comes while its state is asked for is not forgotten again", async () => {
  stored = { version: 1, check: null, dismissed: [] };
  snapshot(1);
  const told = { version: 1, check, dismissed: [] };
  Stream.last.dispatchEvent(new MessageEvent("check", { data: JSON.stringify(told) }));
  await new Promise((resolve) => setTimeout(resolve));
  expect(live.state.value.checked).toEqual(told);
});
