/** A stretch of a recording that is on this tablet, to be heard. */

import { CHUNK_SAMPLES, SAMPLE_RATE } from "../types";
import type { ChunkStore } from "../upload/chunk-store";

const SAMPLE_BYTES = 2;
const HEADER_BYTES = 44;

let last: string | null = null;

/**
 * The address of a stretch as a WAV file; the one before is given up.
 *
 * @param start Seconds.
 * @param end Seconds.
 * @returns Null if the tablet does not have all of it.
 */
export async function stretchAddress(chunks: ChunkStore, id: string, start: number, end: number): Promise<string | null> {
  const [first, beyond] = [Math.round(start * SAMPLE_RATE), Math.round(end * SAMPLE_RATE)];
  const parts: Int16Array[] = [];
  for (let n = Math.floor(first / CHUNK_SAMPLES); n * CHUNK_SAMPLES < beyond; n++) {
    const samples = await chunks.chunk(id, n);
    if (!samples) return null;
    parts.push(new Int16Array(samples).subarray(Math.max(0, first - n * CHUNK_SAMPLES), beyond - n * CHUNK_SAMPLES));
  }
  if (last) URL.revokeObjectURL(last);
  last = URL.createObjectURL(wav(parts));
  return last;
}

/** PCM16 mono as a WAV file. */
function wav(parts: Int16Array[]): Blob {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const text = (at: number, value: string) => [...value].forEach((letter, n) => header.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, SAMPLE_RATE, true);
  header.setUint32(28, SAMPLE_RATE * SAMPLE_BYTES, true);
  header.setUint16(32, SAMPLE_BYTES, true);
  header.setUint16(34, 8 * SAMPLE_BYTES, true);
  text(36, "data");
  header.setUint32(40, bytes, true);
  return new Blob([header, ...(parts as Int16Array<ArrayBuffer>[])], { type: "audio/wav" });
}
