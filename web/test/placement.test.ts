import { beforeEach, describe, expect, test } from "vitest";

import { choose, PATIENCE_S, type Situation, TOO_SLOW_S, TRUST_S } from "../src/placement/choice";
import { Lag } from "../src/placement/lag";
import { best, type Finding, loadReport, type Report, saveReport } from "../src/placement/report";
import { type Memory, Sentinel } from "../src/placement/sentinel";

class FakeMemory implements Memory {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

describe("the choice", () => {
  const well: Situation = {
    wish: "automatic",
    now: "box",
    box: { reachable: true, speech: true, note: true, since: 1_000, behind: null },
    tablet: { ready: true, reason: "", realTimeFactor: 0.4 },
    slow: false,
    local: false,
  };
  const withBox = (box: Partial<Situation["box"]>, more: Partial<Situation> = {}) => choose({ ...well, ...more, box: { ...well.box, ...box } });

  test("is the box while that is well", () => {
    expect(choose(well)).toMatchObject({ on: "box", reason: "The box is there and well." });
  });

  test.each([
    [{ reachable: false }, "The box cannot be reached."],
    [{ speech: false }, "The speech service of the box does not answer."],
    [{ note: false }, "The note service of the box does not answer."],
  ])("is the tablet once the box had trouble for a while: %o", (trouble, reason) => {
    expect(withBox({ ...trouble, since: PATIENCE_S - 1 })).toMatchObject({ on: "box", reason: `${reason} It is waited for.` });
    expect(withBox({ ...trouble, since: PATIENCE_S })).toMatchObject({ on: "tablet", reason });
  });

  test("stays with the tablet until the box was well for a while", () => {
    expect(withBox({ since: TRUST_S - 1 }, { now: "tablet" }).on).toBe("tablet");
    expect(withBox({ since: TRUST_S }, { now: "tablet" }).on).toBe("box");
    expect(withBox({ speech: false, since: 0 }, { now: "tablet" }).on).toBe("tablet");
  });

  test("is the tablet for the rest of a visit for which the box is too slow, if the tablet is faster", () => {
    expect(withBox({ behind: TOO_SLOW_S - 1 }).on).toBe("box");
    const slow = withBox({ behind: TOO_SLOW_S });
    expect(slow).toMatchObject({ on: "tablet", slow: true });
    expect(withBox({ behind: null }, { now: "tablet", slow: slow.slow }).on).toBe("tablet");
    const slowTablet = { ...well.tablet, realTimeFactor: 0.9 };
    expect(withBox({ behind: 60 }, { tablet: slowTablet }).on).toBe("box");
  });

  test("is what somebody asks for, as far as the tablet can", () => {
    expect(withBox({ reachable: false }, { wish: "box" })).toMatchObject({ on: "box", reason: "Chosen by hand." });
    expect(choose({ ...well, wish: "tablet" })).toMatchObject({ on: "tablet", reason: "Chosen by hand." });
    const tablet = { ready: false, reason: "This tablet was not measured yet.", realTimeFactor: null };
    expect(choose({ ...well, wish: "tablet", tablet })).toMatchObject({ on: "box", reason: tablet.reason });
    expect(withBox({ reachable: false }, { tablet })).toMatchObject({ on: "box", reason: tablet.reason });
  });

  test("is the tablet for a visit that only the tablet has", () => {
    expect(choose({ ...well, wish: "box", local: true }).on).toBe("tablet");
  });
});

describe("the sentinel", () => {
  let memory: FakeMemory;
  beforeEach(() => {
    memory = new FakeMemory();
  });
  const never = () => new Promise<never>(() => undefined);

  test("remembers what a page was doing when it died, for pages of this version", () => {
    const first = new Sentinel(memory, "one");
    void first.guard("wasm", never);
    expect(first.died("wasm")).toBeNull();
    const next = new Sentinel(memory, "one");
    expect(next.died("wasm")).toMatch(/^\d{4}-/);
    expect(next.died("webgpu-f32")).toBeNull();
    expect(new Sentinel(memory, "two").died("wasm")).toBeNull();
  });

  test("forgets what came to an end, well or not", async () => {
    const sentinel = new Sentinel(memory, "one");
    expect(await sentinel.guard("wasm", async () => 7)).toBe(7);
    await expect(sentinel.guard("wasm", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(new Sentinel(memory, "one").died("wasm")).toBeNull();
    expect(memory.items.size).toBe(0);
  });

  test("forgives what is asked for, and a page that was left in an orderly way", () => {
    const first = new Sentinel(memory, "one");
    void first.guard("a", never);
    void first.guard("b", never);
    const next = new Sentinel(memory, "one");
    next.forgive("a");
    expect([next.died("a"), next.died("b") !== null]).toEqual([null, true]);
    first.leave();
    expect(next.died("b")).toBeNull();
  });

  test("takes damaged marks for none", () => {
    memory.setItem("chartside-died", "{");
    expect(new Sentinel(memory, "one").died("a")).toBeNull();
  });
});

describe("the report", () => {
  const finding = (step: Finding["step"], usable: boolean, decode: number): Finding => ({ step, usable, reason: "", numbers: { decode } });
  const report = (...findings: Finding[]): Report => ({ version: "1", date: "2026-11-28T00:00:00Z", findings });

  test("names the fastest way that is usable", () => {
    expect(best(report(finding("webgpu-f32", true, 20), finding("wasm", true, 2)))?.backend).toBe("webgpu-f32");
    expect(best(report(finding("webgpu-f32", true, 1), finding("wasm", true, 2)))?.backend).toBe("wasm");
    expect(best(report(finding("webgpu-f32", false, 20), finding("wasm", true, 2)))?.backend).toBe("wasm");
    expect(best(report(finding("wasm", false, 2), finding("box", true, 0)))).toBeNull();
    expect(best(null)).toBeNull();
    const all = report(finding("webgpu-f16", true, 30), finding("webgpu-f32", true, 20), finding("wasm", true, 2));
    expect(best(all)?.backend).toBe("webgpu-f16");
    expect(best(all, new Set(["webgpu-f16"] as const))?.backend).toBe("webgpu-f32");
    expect(best(all, new Set(["webgpu-f16", "webgpu-f32"] as const))?.backend).toBe("wasm");
    expect(best(all, new Set(["webgpu-f16", "webgpu-f32", "wasm"] as const))).toBeNull();
  });

  test("is kept", () => {
    const memory = new FakeMemory();
    expect(loadReport(memory)).toBeNull();
    saveReport(memory, report(finding("wasm", true, 2)));
    expect(loadReport(memory)).toEqual(report(finding("wasm", true, 2)));
    memory.setItem("chartside-probe", "{");
    expect(loadReport(memory)).toBeNull();
  });
});

test("a box is behind by the least of fifteen seconds, so that one that catches up is not slow", () => {
  let now = 0;
  const lag = new Lag(() => now);
  lag.hear(60);
  expect(lag.least).toBeNull();
  for (const [at, seconds] of [[8_000, 30], [16_000, 24]] as const) {
    now = at;
    lag.hear(seconds);
  }
  expect(lag.least).toBe(24);
  now = 30_000;
  lag.hear(2);
  expect(lag.least).toBe(2);
  lag.forget();
  expect(lag.least).toBeNull();
});
