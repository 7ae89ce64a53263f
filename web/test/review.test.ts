import { expect, test } from "vitest";

import { cut, doubtful, restingOn, reviewed, withSentence } from "../src/review/lines";
import { stretches } from "../src/review/stretches";
import { withTimes } from "../src/review/words";
import type { Check, CheckedSentence, CheckState, Section, Turn } from "../src/types";

const section = (name: string, text: string, turns: number[] = []): Section => ({
  name,
  title: name,
  text,
  sentences: [{ text, turns }],
  edited: false,
});
const checked = (text: string, state: CheckState, turns: number[] = []): CheckedSentence => ({
  text,
  state,
  severity: "minor",
  turns,
  reasons: [],
});
const check = (sections: Record<string, CheckedSentence[]>): Check => ({
  sections: Object.entries(sections).map(([name, sentences]) => ({ name, sentences })),
  omissions: [],
});
const turn = (start: number, end: number): Turn => ({ text: "", start, end, words: [], speaker: "unknown" });

test("a text is cut at its sentences, and what stands between them is kept", () => {
  expect(cut("One. Two.\n- three\nFour.", ["One.", "Two.", "gone", "Four."])).toEqual([
    { text: "One.", offset: 0, at: 0 },
    { text: "Two.", offset: 5, at: 1 },
    { text: "- three", offset: 10, at: null },
    { text: "Four.", offset: 18, at: 3 },
  ]);
  expect(cut("", ["One."])).toEqual([]);
  expect(cut("Yes. Yes.", ["Yes.", "Yes."]).map(({ offset }) => offset)).toEqual([0, 5]);
});

test("each sentence carries its state and evidence; what says nothing is silent", () => {
  const found = check({ plan: [checked("Rest.", "supported", [2]), checked("Surgery.", "contradicted")], exam: [] });
  const [plan, exam] = reviewed([section("plan", "Rest. Surgery."), section("exam", "Not discussed.")], found, false);
  expect(plan?.lines.map(({ text, state, sentence, turns }) => [text, state, sentence, turns])).toEqual([
    ["Rest.", "supported", 0, [2]],
    ["Surgery.", "contradicted", 1, []],
  ]);
  expect(exam?.lines.map(({ state }) => state)).toEqual(["silent"]);
});

test("while a check is pending, the same words keep their state and new ones have none", () => {
  const found = check({ plan: [checked("Rest.", "supported"), checked("Surgery.", "contradicted")] });
  const [plan] = reviewed([section("plan", "Rest. No surgery.")], found, true);
  expect(plan?.lines.map(({ text, state }) => [text, state])).toEqual([["Rest.", "supported"], ["No surgery.", "unchecked"]]);
});

test("without any check the turns that a sentence was written from are its evidence", () => {
  const [plan] = reviewed([section("plan", "Rest.", [4])], null, true);
  expect(plan?.lines).toMatchObject([{ state: "unchecked", turns: [4] }]);
});

test("the worst comes first, and a turn knows the sentences that rest on it", () => {
  const found = check({ a: [checked("A.", "inferred", [1])], b: [checked("B.", "contradicted", [1, 2]), checked("C.", "supported", [3])] });
  const sections = reviewed([section("a", "A."), section("b", "B. C.")], found, false);
  expect(doubtful(sections).map(({ text }) => text)).toEqual(["B.", "A."]);
  expect(restingOn(sections, 1)).toHaveLength(2);
  expect(restingOn(sections, 7)).toEqual([]);
});

test("the same sentence twice has two keys, which survive an edit before them", () => {
  const keys = (text: string) => reviewed([section("plan", text)], check({ plan: [checked("Rest.", "supported"), checked("Rest.", "supported")] }), true)[0]?.lines.map(({ key }) => key);
  expect(new Set(keys("Rest. Rest.")).size).toBe(2);
  expect(keys("New. Rest. Rest.")?.slice(1)).toEqual(keys("Rest. Rest."));
});

test("a sentence is put at the end, or in the place of nothing", () => {
  expect(withSentence("Rest.", "Fluids.")).toBe("Rest. Fluids.");
  expect(withSentence("Rest ", "Fluids.")).toBe("Rest. Fluids.");
  expect(withSentence("Not discussed.", "Fluids.")).toBe("Fluids.");
});

test("turns that follow each other are heard in one stretch, others apart, none for longer than the box allows", () => {
  const turns = [turn(0, 2), turn(2.5, 4), turn(5, 6), turn(7, 7), turn(10, 100)];
  expect(stretches(turns, [1, 0, 1])).toEqual([{ start: 0, end: 4 }]);
  expect(stretches(turns, [0, 2])).toEqual([{ start: 0, end: 2 }, { start: 5, end: 6 }]);
  expect(stretches(turns, [3, 9])).toEqual([]);
  expect(stretches(turns, [4])).toEqual([{ start: 10, end: 70 }, { start: 70, end: 100 }]);
});

test("reasons name the time of a turn instead of its number", () => {
  expect(withTimes("Said: 10 mg (turn 2), written: 40 mg.", [turn(0, 1), turn(65, 70)])).toBe("Said: 10 mg (at 1:05), written: 40 mg.");
  expect(withTimes("Said (turn 9).", [])).toBe("Said (turn 9).");
});
