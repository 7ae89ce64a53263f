// Prints llama.cpp's token ids for every string of a JSON file: node bench/tokenize.mjs MODEL.gguf STRINGS.json
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const [, , modelPath, stringsPath] = process.argv;
const llama = await getLlama({ build: "never", gpu: false, logLevel: "error" });
const model = await llama.loadModel({ modelPath, vocabOnly: true });
const strings = JSON.parse(readFileSync(stringsPath, "utf-8"));
const vectors = strings.map((text) => ({ text, ids: Array.from(model.tokenize(text, true)) }));
process.stdout.write(JSON.stringify(vectors));
process.exit(0);
