import { expect, test } from "vitest";

import { decibels, meterPosition, SILENCE_DB, SILENCE_SECONDS, SilenceDetector } from "../src/capture/loudness";

test("a full-scale square wave is 0 dB, a tenth of it -20 dB, digital silence minus infinity", () => {
  expect(decibels(Float32Array.of(1, -1, 1, -1))).toBeCloseTo(0);
  expect(decibels(Float32Array.of(0.1, -0.1))).toBeCloseTo(-20);
  expect(decibels(new Float32Array(8))).toBe(-Infinity);
});

test("the meter stays on its scale", () => {
  expect(meterPosition(-Infinity)).toBe(0);
  expect(meterPosition(6)).toBe(1);
  expect(meterPosition(-30)).toBeGreaterThan(meterPosition(-40));
});

test("silence is reported after five seconds, and ends with the first sound", () => {
  const detector = new SilenceDetector();
  const warnings = Array.from({ length: SILENCE_SECONDS * 4 }, () => detector.hear(-90, 0.25));
  expect(warnings.indexOf(true)).toBe(SILENCE_SECONDS * 4 - 1);
  expect(detector.hear(SILENCE_DB + 20, 0.25)).toBe(false);
  expect(detector.hear(-90, 0.25)).toBe(false);
});
