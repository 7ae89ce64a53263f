/** Hears a recording with the speech engine, as fast as it can. */

import type { SpeechEngine } from "../device/speech-engine";
import { CHUNK_SAMPLES } from "../types";

const SAMPLE_RATE = 16_000;

export interface Heard {
  /** Length of the recording in seconds. */
  duration: number;
  /** Seconds of work for a second of audio. */
  realTimeFactor: number;
  /** Seconds to the first words. */
  firstWords: number;
  turns: string[];
}

/** @throws Error The browser does not know the file's format, or the engine failed. */
export async function hear(engine: SpeechEngine, file: Blob): Promise<Heard> {
  const samples = await decode(file);
  const chunks = Math.ceil(samples.length / CHUNK_SAMPLES);
  const turns: string[] = [];
  const began = performance.now();
  let firstWords = Number.NaN;
  const finished = new Promise<void>((resolve, reject) => {
    engine.onStopped = () => reject(new Error("The speech engine stopped."));
    engine.onEvents = (events) => {
      for (const { name, data } of events) {
        if (name === "partial" || name === "final") firstWords ||= (performance.now() - began) / 1000;
        if (name === "final") turns.push((data as { turn: { text: string } }).turn.text);
        if (name === "finished") resolve();
        if (name === "failed") reject(new Error((data as { detail: string }).detail));
      }
    };
  });
  // Handled below; without this a failure before then would count as unhandled.
  finished.catch(() => {});
  await engine.open(0, []);
  for (let n = 0; n < chunks; n++) await engine.chunk(n, samples.slice(n * CHUNK_SAMPLES, (n + 1) * CHUNK_SAMPLES).buffer);
  await engine.finish(chunks, samples.length);
  await finished;
  const duration = samples.length / SAMPLE_RATE;
  return { duration, realTimeFactor: (performance.now() - began) / 1000 / duration, firstWords, turns };
}

/** PCM16 at the box's sample rate, of the first channel. */
async function decode(file: Blob): Promise<Int16Array<ArrayBuffer>> {
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
  const audio = await context.decodeAudioData(await file.arrayBuffer());
  return Int16Array.from(audio.getChannelData(0), (value) => Math.round(Math.max(-1, Math.min(1, value)) * 32767));
}
