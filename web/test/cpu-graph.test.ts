import { expect, test } from "vitest";

import { hasRoom } from "../src/device/cpu-graph";

const DEFAULT_MODEL = 144e6;

test("unpacks the weights where the browser says that there is three times the memory", () => {
  expect(hasRoom(DEFAULT_MODEL, 2)).toBe(false);
  expect(hasRoom(DEFAULT_MODEL, 4)).toBe(true);
});

test("unpacks the weights where the browser does not say how much memory there is", () => {
  expect(hasRoom(DEFAULT_MODEL)).toBe(true);
});

test("leaves weights packed that WebAssembly cannot address unpacked", () => {
  expect(hasRoom(700e6, 32)).toBe(false);
  expect(hasRoom(700e6)).toBe(false);
});
