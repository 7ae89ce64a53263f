import { expect, test } from "vitest";

import { Chunker, toPcm16 } from "../src/capture/chunker";

/** Float samples whose PCM16 values are `from`, `from` + 1, and so on. */
const ramp = (from: number, length: number) => Float32Array.from({ length }, (_, i) => (from + i) / 32768);

test("cuts a stream of audio blocks into chunks of one length, without losing or repeating a sample", () => {
  const chunker = new Chunker(300);
  const heard: number[] = [];
  for (let block = 0; block < 10; block += 1) {
    for (const chunk of chunker.push(ramp(block * 128, 128))) {
      expect(chunk.length).toBe(300);
      heard.push(...chunk);
    }
  }
  expect(chunker.pending).toBe(1280 - 1200);
  heard.push(...(chunker.flush() ?? []));
  expect(heard).toEqual(Array.from({ length: 1280 }, (_, i) => i));
});

test("one long block fills several chunks", () => {
  expect(new Chunker(100).push(ramp(0, 250)).map((chunk) => chunk[0])).toEqual([0, 100]);
});

test("a recording that ends on a chunk's border has no short chunk", () => {
  const chunker = new Chunker(128);
  expect(chunker.push(ramp(0, 128))).toHaveLength(1);
  expect(chunker.flush()).toBeNull();
});

test("over-driven samples are clipped, not wrapped", () => {
  expect([1.5, 1, -1, -1.5, 0].map(toPcm16)).toEqual([32767, 32767, -32768, -32768, 0]);
});
