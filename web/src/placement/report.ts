/** What was measured of this tablet, kept with its date. */

import type { Backend } from "../device/messages";
import type { Memory } from "./sentinel";

/** What can compute the models: the tablet, or the box. */
export type Step = Backend | "box";

export interface Numbers {
  /** Seconds until the models were ready. */
  load?: number;
  /** Tokens a second of the note model. */
  prefill?: number;
  decode?: number;
  /** Seconds for a second of speech. */
  realTimeFactor?: number;
  /** Bytes. */
  memory?: number;
  /** Seconds for one question to the box. */
  answer?: number;
  threads?: number;
}

export interface Finding {
  step: Step;
  usable: boolean;
  /** In one sentence. */
  reason: string;
  numbers: Numbers;
}

export interface Report {
  /** Of the page that measured. */
  version: string;
  /** RFC 3339. */
  date: string;
  findings: Finding[];
}

const KEY = "chartside-probe";

export function loadReport(memory: Memory): Report | null {
  try {
    return JSON.parse(memory.getItem(KEY) ?? "null") as Report | null;
  } catch {
    return null;
  }
}

export function saveReport(memory: Memory, report: Report): void {
  memory.setItem(KEY, JSON.stringify(report));
}

/** The tablet's fastest way to compute, by measurement, but for those that failed since; null if none is usable. */
export function best(report: Report | null, failed: ReadonlySet<Backend> = new Set()): { backend: Backend; finding: Finding } | null {
  const usable = (report?.findings ?? []).flatMap((finding) => {
    const { step, usable } = finding;
    return usable && step !== "box" && !failed.has(step) ? [{ backend: step, finding }] : [];
  });
  return usable.sort((a, b) => (b.finding.numbers.decode ?? 0) - (a.finding.numbers.decode ?? 0))[0] ?? null;
}
