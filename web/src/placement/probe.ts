/** Measures what this tablet can do: each way to compute hears a few seconds of speech and writes a short note. */

import { explain } from "../api";
import type { Backend } from "../device/messages";
import { SAMPLE } from "../device/sample";
import type { Ears, Pen } from "../scribe/scribe";
import { CHUNK_SAMPLES, type Note, SAMPLE_RATE } from "../types";
import type { TabletEngines } from "./engines";
import type { Finding, Numbers, Report, Step } from "./report";
import type { Sentinel } from "./sentinel";

/** Turns of the sample visit that the note is written from. */
const TURNS = 2;
/** Longest wait for one way to compute. */
const TIMEOUT_MS = 180_000;

export interface ProbeTools {
  engines: TabletEngines;
  sentinel: Sentinel;
  /** A few seconds of speech, PCM16 at `SAMPLE_RATE`. */
  speech(): Promise<Int16Array<ArrayBuffer>>;
  /** A question to the box that shows whether its services are well. */
  askBox(): Promise<{ speech: boolean; note: boolean }>;
  version: string;
  onStep(step: Step | null): void;
}

/** What a GPU says of itself; null where the browser has none. */
interface Adapter {
  half: boolean;
}

/** Try everything, the most promising first. Never fails: what does not work says why. */
export async function probe(tools: ProbeTools): Promise<Report> {
  const findings: Finding[] = [];
  const adapter = await findAdapter();
  for (const [step, refusal] of gpuSteps(adapter)) findings.push(refusal ? refused(step, refusal) : await measured(step, tools));
  findings.push(await measured("wasm", tools));
  tools.onStep("box");
  findings.push(await boxFinding(tools));
  tools.onStep(null);
  tools.engines.close();
  return { version: tools.version, date: new Date().toISOString(), findings };
}

/** The ways to use the GPU, each with why it is not tried, if it is not. */
function gpuSteps(adapter: Adapter | null): [Backend, string | null][] {
  const none = "This browser gives no GPU to pages.";
  if (!adapter) return [["webgpu-f16", none], ["webgpu-f32", none]];
  return [["webgpu-f16", adapter.half ? null : "This GPU does not compute with 16-bit numbers."], ["webgpu-f32", null]];
}

async function findAdapter(): Promise<Adapter | null> {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter ? { half: adapter.features.has("shader-f16") } : null;
  } catch {
    return null;
  }
}

async function measured(step: Backend, tools: ProbeTools): Promise<Finding> {
  const died = tools.sentinel.died(step);
  if (died) return refused(step, `The page died when this was tried, ${new Date(died).toLocaleString("en-GB")}. It is not tried again by itself.`);
  tools.onStep(step);
  try {
    return await tools.sentinel.guard(step, () => inTime(measure(step, tools)));
  } catch (error) {
    return refused(step, explain(error));
  } finally {
    // The next way begins with all of the memory.
    tools.engines.close();
  }
}

async function measure(step: Backend, { engines, speech }: ProbeTools): Promise<Finding> {
  const began = performance.now();
  const { ears, pen, note } = await engines.load(step);
  const load = (performance.now() - began) / 1000;
  if (note.gpu?.software) return refused(step, "This GPU is played by the processor, which is slower than the processor itself.");
  if (note.gpu?.refused) return refused(step, note.gpu.refused);
  const audio = await speech();
  const heardFrom = performance.now();
  const words = await hear(ears, audio);
  const realTimeFactor = (performance.now() - heardFrom) / 1000 / (audio.length / SAMPLE_RATE);
  if (words === 0) return refused(step, "It hears nothing of a sample of speech.");
  const { timing } = await write(pen);
  const numbers: Numbers = {
    load,
    realTimeFactor,
    prefill: timing.prefill_tokens / timing.prefill_seconds,
    decode: timing.decode_tokens / timing.decode_seconds,
    memory: note.memory.rules + note.memory.model,
    ...(step === "wasm" ? { threads: note.threads } : {}),
  };
  return { step, usable: true, reason: `It hears and writes a sample visit.`, numbers };
}

/** How many words are heard. */
async function hear(ears: Ears, audio: Int16Array<ArrayBuffer>): Promise<number> {
  let words = 0;
  const finished = new Promise<void>((resolve, reject) => {
    ears.onStopped = () => reject(new Error("The speech engine stopped."));
    ears.onEvents = (events) => {
      for (const { name, data } of events) {
        if (name === "final") words += (data as { turn: { text: string } }).turn.text.split(" ").length;
        if (name === "finished") resolve();
        if (name === "failed") reject(new Error((data as { detail: string }).detail));
      }
    };
  });
  finished.catch(() => undefined);
  await ears.open(0, []);
  const chunks = Math.ceil(audio.length / CHUNK_SAMPLES);
  for (let n = 0; n < chunks; n += 1) await ears.chunk(n, audio.slice(n * CHUNK_SAMPLES, (n + 1) * CHUNK_SAMPLES).buffer);
  await ears.finish(chunks, audio.length);
  await finished;
  return words;
}

type TimedNote = Note & {
  timing: { prefill_tokens: number; prefill_seconds: number; decode_tokens: number; decode_seconds: number };
};

async function write(pen: Pen): Promise<TimedNote> {
  const written = new Promise<TimedNote>((resolve, reject) => {
    pen.onStopped = () => reject(new Error("The note engine stopped."));
    pen.onEvents = (events) => {
      for (const { name, data } of events) {
        if (name === "note") resolve(data as TimedNote);
        if (name === "failed") reject(new Error((data as { detail: string }).detail));
      }
    };
  });
  written.catch(() => undefined);
  await pen.ask({ ask: "open", template: SAMPLE.template });
  for (const [number, turn] of SAMPLE.turns.slice(0, TURNS).entries()) await pen.ask({ ask: "turn", number, turn: JSON.stringify(turn) });
  await pen.ask({ ask: "finish", turns: TURNS });
  return written;
}

async function boxFinding({ askBox }: ProbeTools): Promise<Finding> {
  const began = performance.now();
  try {
    const { speech, note } = await askBox();
    const numbers = { answer: (performance.now() - began) / 1000 };
    const missing = [!speech && "speech", !note && "note"].filter(Boolean).join(" and ");
    if (missing) return { step: "box", usable: false, reason: `Its ${missing} service does not answer.`, numbers };
    return { step: "box", usable: true, reason: "Both its services answer.", numbers };
  } catch (error) {
    return refused("box", explain(error));
  }
}

const refused = (step: Step, reason: string): Finding => ({ step, usable: false, reason, numbers: {} });

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("It took longer than three minutes.")), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
