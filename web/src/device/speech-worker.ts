/** The speech engine: the box's policy in Python and the model's graphs in one worker. */

import { named } from "./cpu-graph";
import { DeviceError } from "./problem";
import { Python, runtimeFolder } from "./python";
import { serve, Steps, tell } from "./serving";
import { SpeechGraph } from "./speech-graph";
import type { SpeechEvent, SpeechLoaded, SpeechQuestion } from "./speech-messages";
import { listModels, type Models, Weights } from "./weights";

/** `appliance.device.speech`. */
interface Speech {
  page_transcriber(bridge: SpeechGraph, vocabulary: string, manifest: string): Transcriber;
}

/** `appliance.device.speech.Transcriber`. */
interface Transcriber {
  open(firstSample: number, earlier: string): void;
  put(n: number, samples: Uint8Array): void;
  finish(chunks: number, samples: number | undefined): void;
  step(): boolean;
  events(): string;
}

interface Model {
  transcriber: Transcriber;
  /** Memory that is held now. */
  bytes: () => number;
}

interface Started {
  graph: SpeechGraph;
  models: Models;
  vocabulary: string;
  seconds: { weights: number; model: number };
}

let python: Python | null = null;
let model: Model | null = null;
const hearing = new Steps(step);

serve(respond, () => python);

async function respond(question: SpeechQuestion): Promise<unknown> {
  switch (question.ask) {
    case "load":
      return load(question.threads);
    case "open":
      loaded().transcriber.open(question.firstSample, question.earlier);
      return hearing.go();
    case "chunk":
      loaded().transcriber.put(question.n, new Uint8Array(question.samples));
      return hearing.go();
    case "finish":
      loaded().transcriber.finish(question.chunks, question.samples);
      return hearing.go();
  }
}

/** Python and the graphs start beside each other: much of either is WebAssembly being compiled in other threads. */
async function load(threads: number): Promise<SpeechLoaded> {
  const folder = runtimeFolder();
  const [rules, found] = await Promise.all([startRules(folder), startGraph(folder, threads)]);
  const { graph, models, vocabulary } = found;
  model = {
    transcriber: rules.speech.page_transcriber(graph, vocabulary, models.manifest),
    bytes: () => rules.python.bytes + graph.bytes,
  };
  return {
    bundle: models.bundle,
    threads,
    seconds: { rules: rules.seconds, ...found.seconds },
    memory: { rules: rules.python.bytes, model: graph.bytes },
  };
}

async function startRules(folder: string): Promise<{ python: Python; speech: Speech; seconds: number }> {
  const began = performance.now();
  python ??= await Python.start(folder);
  return { python, speech: python.import<Speech>("appliance.device.speech"), seconds: since(began) };
}

async function startGraph(folder: string, threads: number): Promise<Started> {
  const began = performance.now();
  const models = await listModels();
  const stored = await Weights.open();
  await stored.fetch(models, "speech", (progress) => tell({ kind: "progress", progress }));
  const weights = since(began);
  const fetched = performance.now();
  const read = (name: string): Promise<Uint8Array<ArrayBuffer>> => stored.read(named(models, name));
  const graph = await SpeechGraph.load(folder, new Set(models.files.map(({ name }) => name)), read, threads);
  const vocabulary = new TextDecoder().decode(await read("vocabulary.txt"));
  return { graph, models, vocabulary, seconds: { weights, model: since(fetched) } };
}

const since = (began: number): number => (performance.now() - began) / 1000;

function loaded(): Model {
  if (!model) throw new DeviceError("The speech model is not loaded.", "Load the models from the box first.");
  return model;
}

/** One pass over the audio so far; returns whether there may be more to do. */
function step(): boolean {
  const { transcriber, bytes } = loaded();
  try {
    const more = transcriber.step();
    const events = JSON.parse(transcriber.events()) as SpeechEvent[];
    if (events.length) tell({ kind: "events", events, bytes: bytes() });
    return more;
  } catch (error) {
    // A pass that fails is an event; this is Python itself, and the page has to start another worker.
    reportError(error);
    return false;
  }
}
