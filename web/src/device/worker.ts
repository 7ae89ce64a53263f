/** The note engine: Python's rules and the model's graph in one worker. It answers one question at a time, in order. */

import { Bridge, type NoteGraph } from "./bridge";
import { loadCpuGraph, named } from "./cpu-graph";
import type { GpuModel } from "./gpu-model";
import { loadGpuGraph, startGpu } from "./gpu-start";
import type { Loaded, LoadQuestion, NoteEvent, Question } from "./messages";
import { DeviceError } from "./problem";
import { Python, runtimeFolder } from "./python";
import { serve, Steps, tell } from "./serving";
import { listModels, Weights } from "./weights";

/** `appliance.device.notes.Notes`. */
interface Notes {
  open(template: string): void;
  put_turn(number: number, turn: string): void;
  finish(turns: number): void;
  cancel(): void;
  step(): boolean;
  events(): string;
}

/** `appliance.device.notes.Checker`. */
interface Checker {
  check(body: string): string;
}

/** `appliance.device.notes`. */
interface Device {
  Checker(): Checker;
  Notes(bridge: Bridge, manifest: string): Notes;
}

/** `appliance.device.proposals`. */
interface Proposals {
  propose(turns: string, first: number): string;
  correct(turns: string, proposals: string): string;
}

/** `appliance.device.questions`. */
interface Questions {
  PageAnswers(bridge: Bridge, manifest: string): Answers;
}

interface Answers {
  answers(questions: string): string;
}

interface Rules {
  python: Python;
  device: Device;
  checker: Checker;
  /** Seconds that starting took. */
  seconds: number;
}

interface Model {
  bridge: Bridge;
  manifest: string;
  notes: Notes;
  /** Memory that is held now. */
  bytes: () => number;
  answers?: Answers;
}

let rules: Rules | null = null;
let model: Model | null = null;
let gpu: GpuModel | null = null;
const writing = new Steps(step);

serve(respond, () => rules?.python ?? null);

async function respond(question: Question): Promise<unknown> {
  rules ??= await startRules();
  const { python, checker, seconds } = rules;
  switch (question.ask) {
    case "start":
      return seconds;
    case "load":
      return load(rules, question);
    case "check":
      return JSON.parse(checker.check(question.body));
    case "propose":
      return JSON.parse(proposals(python).propose(question.heard, question.first));
    case "correct":
      return JSON.parse(proposals(python).correct(question.heard, question.proposals));
    case "answer":
      return JSON.parse(answers(python).answers(question.questions));
    case "open":
      return loaded().notes.open(question.template);
    case "turn":
      loaded().notes.put_turn(question.number, question.turn);
      return writing.go();
    case "finish":
      loaded().notes.finish(question.turns);
      return writing.go();
    case "cancel":
      loaded().notes.cancel();
      return writing.go();
  }
}

async function startRules(): Promise<Rules> {
  const began = performance.now();
  const python = await Python.start(runtimeFolder());
  const device = python.import<Device>("appliance.device.notes");
  return { python, device, checker: device.Checker(), seconds: (performance.now() - began) / 1000 };
}

async function load({ python, device, seconds }: Rules, { threads, backend, unpack }: LoadQuestion): Promise<Loaded> {
  const began = performance.now();
  model = null;
  gpu?.close();
  gpu = null;
  // Before the models are fetched: there may be no GPU.
  if (backend && backend !== "wasm") gpu = await startGpu(python.folder, backend === "webgpu-f16");
  const models = await listModels();
  const weights = await Weights.open();
  await weights.fetch(models, "note", (progress) => tell({ kind: "progress", progress }));
  const fetched = performance.now();
  const read = (name: string): Promise<Uint8Array<ArrayBuffer>> => weights.read(named(models, name));
  const { graph, unpacked }: { graph: NoteGraph; unpacked: boolean } = gpu
    ? { graph: (gpu = await loadGpuGraph(gpu, python.folder, read)), unpacked: false }
    : await loadCpuGraph(python.folder, models, read, threads, unpack);
  const bridge = new Bridge(graph, new TextDecoder().decode(await read("tokenizer.json")));
  model = { bridge, manifest: models.manifest, notes: device.Notes(bridge, models.manifest), bytes: () => python.bytes + graph.bytes };
  return {
    bundle: models.bundle,
    threads,
    unpacked,
    gpu: gpu?.gpu ?? null,
    seconds: { rules: seconds, weights: (fetched - began) / 1000, model: (performance.now() - fetched) / 1000 },
    memory: { rules: python.bytes, model: graph.bytes },
  };
}

/** Imported when it is asked for: a visit with the box has no need of it. */
const proposals = (python: Python): Proposals => python.import("appliance.device.proposals");

function answers(python: Python): Answers {
  const found = loaded();
  found.answers ??= python.import<Questions>("appliance.device.questions").PageAnswers(found.bridge, found.manifest);
  return found.answers;
}

function loaded(): Model {
  if (!model) throw new DeviceError("The note model is not loaded.", "Load the models from the box first.");
  return model;
}

/** One call of the model; returns whether there may be more to do. */
function step(): boolean {
  // Another model may be on its way.
  if (!model) return false;
  const { notes, bytes } = model;
  let more = false;
  try {
    more = notes.step();
  } catch (error) {
    // The note has failed, and its events say so.
    console.error(error);
  }
  const events = JSON.parse(notes.events()) as NoteEvent[];
  if (events.length) tell({ kind: "events", events, bytes: bytes() });
  return more;
}
