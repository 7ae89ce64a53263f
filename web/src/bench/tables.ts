/** What was measured, as rows of tables. */

import type { Gpu } from "../device/gpu-messages";
import type { Measured } from "./bench";
import type { Figures } from "./comparison";

const seconds = (value: number): string => `${value.toFixed(1)} s`;
const megabytes = (value: number): string => `${Math.round(value / 1e6)} MB`;
const rate = (tokens: number, time: number): string => `${(tokens / time).toFixed(1)} tokens/s`;
const onGpu = ({ adapter, half, refused }: Gpu): string => `${adapter}, ${half ? 16 : 32}-bit${refused ? ` (16-bit: ${refused})` : ""}`;
const yes = (value: boolean): string => (value ? "yes" : "no");

export function measuredRows({ browser, loaded, firstSection, note, speech, heard }: Measured): [string, string][] {
  const rows: [string, string][] = [];
  if (browser) {
    const { gpu, memory } = browser;
    rows.push(
      ["Processors", String(browser.processors)],
      ["Memory", memory === null ? "not told" : `${memory} GiB`],
      ["Threads share memory", yes(browser.isolated)],
      ["SIMD, relaxed SIMD", `${yes(browser.simd)}, ${yes(browser.relaxedSimd)}`],
      ["WebGPU", gpu ? `${gpu.adapter}${gpu.half ? ", 16-bit" : ""}${gpu.software ? ", in software" : ""}` : "none"],
    );
  }
  if (loaded) {
    rows.push(
      ["Bundle", loaded.bundle],
      ["Note model computed by", loaded.gpu ? onGpu(loaded.gpu) : `processor, ${loaded.threads} threads, weights ${loaded.unpacked ? "unpacked" : "packed"}`],
      ["Rules ready", seconds(loaded.seconds.rules)],
      ["Models fetched", seconds(loaded.seconds.weights)],
      ["Model ready", seconds(loaded.seconds.model)],
      ["Memory of the rules", megabytes(loaded.memory.rules)],
      ["Memory of the model", megabytes(loaded.memory.model)],
    );
  }
  if (firstSection !== undefined) rows.push(["First section", seconds(firstSection)]);
  if (note) {
    const { timing } = note;
    rows.push(
      ["Reading", rate(timing.prefill_tokens, timing.prefill_seconds)],
      ["Writing", rate(timing.decode_tokens, timing.decode_seconds)],
      ["End of visit to note", seconds(timing.finish_to_note_seconds)],
    );
  }
  if (speech) rows.push(["Speech model ready", seconds(speech.seconds.model)], ["Memory of the speech model", megabytes(speech.memory.model)]);
  if (heard) {
    rows.push(
      ["Recording", seconds(heard.duration)],
      ["First words", seconds(heard.firstWords)],
      ["Real-time factor", heard.realTimeFactor.toFixed(2)],
    );
  }
  return rows;
}

/** A head and a row for every engine. */
export function comparedRows(compared: Figures[]): string[][] {
  const head = ["Engine", "Threads", "Load", "First token", "Prefill", "Decode", "Runs"];
  const body = compared.map((found) => [
    found.name,
    String(found.threads),
    seconds(found.loadSeconds),
    seconds(found.firstTokenSeconds),
    rate(found.prefillTokensPerSecond, 1),
    rate(found.decodeTokensPerSecond, 1),
    String(found.runs),
  ]);
  return [head, ...body];
}
