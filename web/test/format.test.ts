import { expect, test } from "vitest";

import { clock, dayName, defaultTitle, spokenLength } from "../src/format";

test("lengths read as a clock shows them", () => {
  expect([0, 7.9, 760, 3723].map(clock)).toEqual(["0:00", "0:07", "12:40", "1:02:03"]);
  expect([1, 60, 125].map(spokenLength)).toEqual(["1 second", "1 minute 0 seconds", "2 minutes 5 seconds"]);
});

test("a visit is called by the time it starts", () => {
  expect(defaultTitle(new Date(2026, 10, 22, 9, 5))).toBe("Visit 09:05");
});

test("days are counted by the calendar, not by the hours between", () => {
  const now = new Date(2026, 10, 22, 0, 30);
  expect(dayName(new Date(2026, 10, 22, 0, 1), now)).toBe("Today");
  expect(dayName(new Date(2026, 10, 21, 23, 59), now)).toBe("Yesterday");
  expect(dayName(new Date(2026, 10, 20, 12), now)).toBe("Friday 20 November");
});
