/** transformers.js on ONNX Runtime's WebAssembly, with everything from the page's own origin. */

import type { Run } from "./comparison";
import { answer, Clock, type ContenderQuestion } from "./contender-worker";

const PEER = "/peers/transformers/";

/** The part of the library that is used. It is no dependency of the page: `make browser-bench` puts it beside it. */
interface Transformers {
  env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    useBrowserCache: boolean;
    backends: { onnx: { wasm: { wasmPaths: string; numThreads: number } } };
  };
  AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<{ generate(options: object): Promise<Tensor> }> };
  Tensor: new (type: string, data: BigInt64Array, dims: number[]) => Tensor;
}

interface Tensor {
  tolist(): bigint[][];
}

answer(run);

async function run({ task, threads, model: name }: ContenderQuestion): Promise<Run> {
  const { env, AutoModelForCausalLM, Tensor } = (await import(/* @vite-ignore */ `${PEER}transformers.min.js`)) as Transformers;
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: "/peers/models/", useBrowserCache: false });
  Object.assign(env.backends.onnx.wasm, { wasmPaths: PEER, numThreads: threads });
  // So that the time of fetching the model over the network is not in the time of loading it, as for the others.
  await fetch(`/peers/models/${name}/onnx/model.onnx`).then((response) => response.arrayBuffer());
  const began = performance.now();
  const model = await AutoModelForCausalLM.from_pretrained(name, {
    device: "wasm",
    dtype: "fp32", // names the file model.onnx, whatever is in it
  });
  const load = (performance.now() - began) / 1000;
  const { ids } = task.prompt;
  const tensor = (values: number[]): Tensor => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
  let prompted = false;
  const clock = new Clock();
  const streamer = {
    put: () => {
      // The prompt comes first.
      if (prompted) clock.tick();
      prompted = true;
    },
    end: () => {},
  };
  const found = await model.generate({
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    max_new_tokens: task.tokens,
    do_sample: false,
    streamer,
  });
  return { load, prompt: ids.length, ...clock.times(), written: (found.tolist()[0] ?? []).slice(ids.length).map(Number) };
}
