import { expect, test } from "vitest";

import { compare, type Contender, type Figures, figures, median, type Run, type Task } from "../src/bench/comparison";

const TASK: Task = { model: "tiny", prompt: { text: "Hello", ids: [1, 2, 3, 4] }, tokens: 3 };

const run = (first: number, rest: number): Run => ({ load: 1, first, prompt: 4, tokens: 3, rest, written: [5, 6, 7] });

test("the median of an even number of values lies between the middle ones", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 9])).toBe(3);
});

test("rates are medians of rates, and the first token counts as reading", () => {
  const found = figures("engine", 2, [run(2, 1), run(4, 4), run(1, 2)]);
  expect(found).toMatchObject({ runs: 3, firstTokenSeconds: 2, prefillTokensPerSecond: 2, decodeTokensPerSecond: 1 });
});

test("engines run in turns, and who runs and the figures so far are told", async () => {
  const engine = (name: string): Contender => ({ name, run: async () => run(1, 1) });
  const told: [string | null, number[]][] = [];
  const tell = (running: string | null, found: Figures[]): unknown => told.push([running, found.map(({ runs }) => runs)]);
  await compare([engine("one"), engine("two")], TASK, 1, 2, tell);
  expect(told).toEqual([["one", []], ["two", [1]], ["one", [1, 1]], ["two", [2, 1]], [null, [2, 2]]]);
});

test("what was measured before an engine failed is kept", async () => {
  const broken: Contender = { name: "broken", run: () => Promise.reject(new Error("no memory")) };
  const told: Figures[][] = [];
  const tried = compare([{ name: "one", run: async () => run(1, 1) }, broken], TASK, 1, 1, (_, found) => told.push(found));
  await expect(tried).rejects.toThrow("no memory");
  expect(told.at(-1)?.map(({ name }) => name)).toEqual(["one"]);
});
