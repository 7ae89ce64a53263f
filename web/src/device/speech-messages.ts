/** What the page and the worker of the speech engine say to each other. */

/** What the page asks. JSON bodies have the shapes of the speech service's HTTP API. */
export type SpeechQuestion =
  /** Fetch what is missing of the box's speech model, and start it. */
  | { ask: "load"; threads: number }
  /** Begin a recording at a sample; `earlier` are the turns before it, as JSON. */
  | { ask: "open"; firstSample: number; earlier: string }
  /** PCM16, `CHUNK_SAMPLES` of it, the last may be shorter. */
  | { ask: "chunk"; n: number; samples: ArrayBuffer }
  /** `chunks` is their number from the start of the recording, `samples` its length if that is known. */
  | { ask: "finish"; chunks: number; samples: number | undefined };

/** What loading took, in seconds, and where it stands; the rules start beside the rest. */
export interface SpeechLoaded {
  bundle: string;
  threads: number;
  seconds: { rules: number; weights: number; model: number };
  /** Bytes of WebAssembly memory, of Python and of the graphs. */
  memory: { rules: number; model: number };
}

/** An event of a recording, as the speech service streams it. */
export interface SpeechEvent {
  id: number;
  name: string;
  data: unknown;
}
