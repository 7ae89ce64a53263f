/** How loud it is, and whether anything is heard at all. */

/** Below this the microphone is taken to be mute: real rooms are louder (dB relative to full scale). */
export const SILENCE_DB = -60;
/** Seconds of silence after which the page says so. */
export const SILENCE_SECONDS = 5;
/** Quietest and loudest end of the meter. */
const METER_DB = { low: -55, high: -10 };

/** Root mean square of samples in -1.0 to 1.0, in dB relative to full scale; -Infinity for digital silence. */
export function decibels(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / Math.max(1, samples.length));
}

/** Position of a loudness on the level meter, 0.0 to 1.0. */
export function meterPosition(db: number): number {
  return Math.max(0, Math.min(1, (db - METER_DB.low) / (METER_DB.high - METER_DB.low)));
}

/** Notices when nothing was heard for a while. */
export class SilenceDetector {
  #silentSeconds = 0;

  /** Take one measurement over `seconds` of audio; true while the silence is long enough to warn. */
  hear(db: number, seconds: number): boolean {
    this.#silentSeconds = db < SILENCE_DB ? this.#silentSeconds + seconds : 0;
    return this.#silentSeconds >= SILENCE_SECONDS;
  }

  reset(): void {
    this.#silentSeconds = 0;
  }
}
