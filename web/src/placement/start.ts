/** The placement of this page, put together. */

import { getStatus } from "../api";
import type { BoxStatus } from "../app-context";
import type { LocalBox } from "../offline/local-box";
import type { Recorder } from "../recording/recorder";
import type { Uploads } from "../upload/uploads";
import { TabletEngines } from "./engines";
import { Placement } from "./placement";
import { probe } from "./probe";
import { Sentinel } from "./sentinel";

/** "Hi there, nice to see you again. What brings you in today?": 3.6 s of samples/visits/hypothyroidism, PCM16. */
const SPEECH = "/probe.pcm";

/** @param local What this tablet keeps while the box is away. */
export function startPlacement(uploads: Uploads, recorder: Recorder, box: BoxStatus, local: LocalBox): Placement {
  // The name of the script holds a hash of what is in it.
  const version = new URL(import.meta.url).pathname;
  const engines = new TabletEngines();
  const sentinel = new Sentinel(localStorage, version);
  const placement = new Placement({
    uploads, recorder, box, engines, sentinel, local, version,
    memory: localStorage,
    measure: (onStep) => probe({ engines, sentinel, version, speech, askBox, onStep }),
  });
  placement.watch();
  return placement;
}

async function speech(): Promise<Int16Array<ArrayBuffer>> {
  const response = await fetch(SPEECH);
  if (!response.ok) throw new Error("The sample of speech is not there.");
  return new Int16Array(await response.arrayBuffer());
}

async function askBox(): Promise<{ speech: boolean; note: boolean }> {
  const { speech, note } = await getStatus();
  return { speech: speech !== null, note: note !== null };
}
