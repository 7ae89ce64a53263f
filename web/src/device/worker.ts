/** The note engine: Python's rules and the model's graph in one worker. It answers one question at a time, in order. */

import { Bridge } from "./bridge";
import { Graph } from "./graph";
import type { Asked, Loaded, NoteEvent, Question, Reply } from "./messages";
import { DeviceError, toProblem } from "./problem";
import { type Answers, type Checker, type Notes, Python } from "./python";
import { listModels, type ModelFile, Weights } from "./weights";

/** `device.json`, written by `scripts/device_files.py`. */
interface Runtime {
  /** Path of the folder with the runtimes and the packed Python modules, ending in `/`. */
  folder: string;
}

interface Rules {
  folder: string;
  python: Python;
  checker: Checker;
  seconds: number;
}

interface Model {
  bridge: Bridge;
  manifest: string;
  notes: Notes;
  answers?: Answers;
}

let rules: Promise<Rules> | null = null;
let model: Model | null = null;
let writing = false;
let queue: Promise<void> = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  queue = queue.then(() => answer(data));
});

async function answer({ id, question }: Asked): Promise<void> {
  try {
    send({ kind: "answer", id, value: await respond(question) });
  } catch (error) {
    const raised = await rules?.then(({ python }) => python.problem(error)).catch(() => null);
    send({ kind: "problem", id, problem: raised ? JSON.parse(raised) : toProblem(error) });
  }
}

async function respond(question: Question): Promise<unknown> {
  rules ??= startRules();
  const { python, checker, seconds } = await rules.catch((error: unknown) => {
    rules = null;
    throw error;
  });
  switch (question.ask) {
    case "start":
      return seconds;
    case "load":
      return load(question.threads);
    case "check":
      return JSON.parse(checker.check(question.body));
    case "answer":
      return JSON.parse(answers(python).answers(question.questions));
    case "open":
      return loaded().notes.open(question.template);
    case "turn":
      loaded().notes.put_turn(question.number, question.turn);
      return write();
    case "finish":
      loaded().notes.finish(question.turns);
      return write();
    case "cancel":
      loaded().notes.cancel();
      return write();
  }
}

async function startRules(): Promise<Rules> {
  const began = performance.now();
  const response = await fetch("/device.json");
  if (!response.ok) throw new DeviceError("The box has no note engine for tablets.", "Run `make page` on the box.");
  const { folder } = (await response.json()) as Runtime;
  const address = new URL(folder, location.origin).href;
  const python = await Python.load(address);
  return { folder: address, python, checker: python.device.Checker(), seconds: (performance.now() - began) / 1000 };
}

async function load(threads: number): Promise<Loaded> {
  const { folder, python, seconds } = await (rules as Promise<Rules>);
  const began = performance.now();
  const models = await listModels();
  const weights = await Weights.open();
  await weights.fetch(models, (progress) => send({ kind: "progress", progress }));
  const fetched = performance.now();
  const read = (name: string): Promise<Uint8Array<ArrayBuffer>> => weights.read(named(models.files, name));
  const graph = await Graph.load(folder, await read("model.onnx"), await read("model.onnx.data"), threads);
  const bridge = new Bridge(graph, new TextDecoder().decode(await read("tokenizer.json")));
  model = { bridge, manifest: models.manifest, notes: python.device.Notes(bridge, models.manifest) };
  return {
    bundle: models.bundle,
    threads,
    seconds: { rules: seconds, weights: (fetched - began) / 1000, model: (performance.now() - fetched) / 1000 },
    memory: { rules: python.bytes, model: graph.bytes },
  };
}

function named(files: ModelFile[], name: string): ModelFile {
  const file = files.find((file) => file.name === name);
  if (!file) throw new DeviceError(`The box's bundle has no ${name}.`, "Run `chartside models build` on the box.");
  return file;
}

function answers(python: Python): Answers {
  const found = loaded();
  found.answers ??= python.answers(found.bridge, found.manifest);
  return found.answers;
}

function loaded(): Model {
  if (!model) throw new DeviceError("The note model is not loaded.", "Load the models from the box first.");
  return model;
}

/** Write for as long as there is something to do; between two calls of the model other questions are answered. */
function write(): void {
  if (writing) return;
  writing = true;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    queue = queue.then(() => {
      if (step()) port2.postMessage(null);
      else {
        writing = false;
        port1.close();
      }
    });
  };
  port2.postMessage(null);
}

/** One call of the model; returns whether there may be more to do. */
function step(): boolean {
  const { notes } = loaded();
  let more = false;
  try {
    more = notes.step();
  } catch (error) {
    // The note has failed, and its events say so.
    console.error(error);
  }
  const events = JSON.parse(notes.events()) as NoteEvent[];
  if (events.length) send({ kind: "events", events });
  return more;
}

function send(reply: Reply): void {
  postMessage(reply);
}
