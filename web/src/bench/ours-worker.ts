/** Chartside's graph, greedily, without its rules: what the other engines do. */

import { Graph } from "../device/graph";
import { runtimeFolder } from "../device/python";
import type { Run } from "./comparison";
import { answer, Clock, type ContenderQuestion, fetchBytes } from "./contender-worker";

const MODELS = "/peers/models";

answer(run);

async function run({ task, threads, model: path }: ContenderQuestion): Promise<Run> {
  const [model, weights] = [await fetchBytes(`${MODELS}/${path}`), await fetchBytes(`${MODELS}/chartside/model.onnx.data`)];
  const began = performance.now();
  const graph = await Graph.load(runtimeFolder(), model, weights, threads);
  const load = (performance.now() - began) / 1000;
  const { ids } = task.prompt;
  const memory = graph.allocate(1, ids.length + task.tokens);
  const written: number[] = [];
  const clock = new Clock();
  for (let next = ids, length = 0; written.length < task.tokens; length += next.length, next = written.slice(-1)) {
    written.push(likeliest(graph.run(memory, 0, [length], next)));
    clock.tick();
  }
  return { load, prompt: ids.length, ...clock.times(), written };
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if ((logits[token] as number) > (logits[best] as number)) best = token;
  return best;
}
