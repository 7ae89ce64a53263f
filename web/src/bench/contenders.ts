/** The engines that are compared, each in a worker of its own, so that nothing of it is left afterwards. */

import type { Contender, Run } from "./comparison";
import type { ContenderQuestion, ContenderReply } from "./contender-worker";
import { runWllama } from "./wllama";

const ours = (): Worker => new Worker(new URL("./ours-worker.ts", import.meta.url), { type: "module" });
const theirs = (): Worker => new Worker(new URL("./transformers-worker.ts", import.meta.url), { type: "module" });

export const CONTENDERS: Contender[] = [
  inWorker("Chartside", ours, "chartside/model.unpacked.onnx"),
  inWorker("Chartside, weights packed", ours, "chartside/model.onnx"),
  inWorker("transformers.js, 4-bit file", theirs, "transformers-packed"),
  inWorker("transformers.js, float32 file", theirs, "transformers-float32"),
  { name: "wllama", run: runWllama },
];

function inWorker(name: string, start: () => Worker, model: string): Contender {
  return {
    name,
    async run(task, threads) {
      const worker = start();
      try {
        const answered = new Promise<Run>((resolve, reject) => {
          worker.onmessage = ({ data }: MessageEvent<ContenderReply>) =>
            "run" in data ? resolve(data.run) : reject(new Error(`${name}: ${data.error}`));
          worker.onerror = ({ message }) => reject(new Error(`${name}: ${message || "it could not be started"}`));
        });
        worker.postMessage({ task, threads, model } satisfies ContenderQuestion);
        return await answered;
      } finally {
        worker.terminate();
      }
    },
  };
}
