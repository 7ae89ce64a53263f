/** What the page and its audio worklet say to each other. */

/** Name under which the worklet registers its processor. */
export const PROCESSOR_NAME = "chartside-recorder";

export type ToWorklet =
  /** Drop the sound until `resume`; the chunk that is not full is kept. */
  | { type: "pause" }
  | { type: "resume" }
  /** Send what is left as a last, short chunk, and hear no more. */
  | { type: "flush" };

export type FromWorklet =
  | { type: "chunk"; samples: ArrayBuffer }
  /** Loudness of the last tenth of a second, and all samples so far that are not in a chunk yet. */
  | { type: "level"; db: number; pending: number }
  /** Answer to `flush`; comes after the last chunk. */
  | { type: "flushed" };
