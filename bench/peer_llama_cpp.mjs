// llama.cpp as a peer: reads one JSON request per line, answers with one JSON line.
// node bench/peer_llama_cpp.mjs MODEL.gguf THREADS
// request {"prompt": [token ids], "tokens": n}  ->  {"prefill_seconds", "decode_seconds", "tokens"}
import { createInterface } from "node:readline";
import { getLlama } from "node-llama-cpp";

const [, , modelPath, threads] = process.argv;
const llama = await getLlama({ build: "never", gpu: false, logLevel: "error", maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 4096, threads: Number(threads), batchSize: 512 });
const sequence = context.getSequence();
console.log(JSON.stringify({ ready: true, pid: process.pid }));

for await (const line of createInterface({ input: process.stdin })) {
  const { prompt, tokens } = JSON.parse(line);
  await sequence.clearHistory();
  const began = performance.now();
  let first = 0;
  let count = 0;
  // The same number of tokens as the other side, whatever they are: end-of-sequence does not stop it.
  for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    count += 1;
    if (count === 1) first = performance.now();
    if (count === tokens) break;
  }
  const ended = performance.now();
  console.log(
    JSON.stringify({ prefill_seconds: (first - began) / 1000, decode_seconds: (ended - first) / 1000, tokens: count }),
  );
}
process.exit(0);
