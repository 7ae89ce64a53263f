/**
 * The graphs of hearing on ONNX Runtime's WebAssembly build: what hears, what writes, what chooses, what aligns, the voice detector,
 * and, if the bundle has it, what tells how a voice sounds. What one graph gives the next, and what the decoder remembers, stays where it is. It is the bridge of
 * `appliance.device.hearing.SpeechBridge`.
 */

import type { PyProxy } from "pyodide/ffi";

import { Call, FLOAT, INT16, type Session, Wasm } from "./wasm";

/** What the decoder attends to, and what it said last: tensors. */
interface Heard {
  cross: number[];
  past: number[];
}

/** Numbers of Python, or of a test. */
export type Numbers<Typed> = PyProxy | Typed;

const GRAPHS = ["encoder", "decoder", "choice", "alignment", "voice", "voice-print"] as const;
const WITH_WEIGHTS: readonly string[] = ["encoder", "decoder"];
const OPTIONAL: readonly string[] = ["voice-print"];
type Name = (typeof GRAPHS)[number];
type Graphs = Partial<Record<Name, Session>>;

const VOICE_CONTEXT = 64;
const VOICE_FRAME = 512;
const VOICE_STATE = 128;
const PRINT_SIZE = 256;
const FULL_SCALE = 32768;
const CHOICES = 10;
/** Inputs of the decoder before what it remembers: tokens, parents. */
const FIXED_INPUTS = 2;

export class SpeechGraph {
  readonly #wasm: Wasm;
  readonly #graphs: Graphs;
  readonly #heard = new Map<number, Heard>();
  #next = 1;

  private constructor(wasm: Wasm, graphs: Graphs) {
    this.#wasm = wasm;
    this.#graphs = graphs;
  }

  /**
   * Start the runtime and load the graphs.
   *
   * @param folder Address of the runtime's files, ending in `/`.
   * @param names The files that there are.
   * @param read The content of a file of the model, by its name.
   * @param threads Threads of one call; more than one needs a cross-origin isolated page.
   */
  static async load(
    folder: string, names: ReadonlySet<string>, read: (name: string) => Promise<Uint8Array>, threads: number,
  ): Promise<SpeechGraph> {
    const wasm = await Wasm.start(folder, threads);
    const graphs: Graphs = {};
    for (const name of GRAPHS.filter((name) => !OPTIONAL.includes(name) || names.has(`${name}.onnx`))) {
      const weights = `${name}.onnx.data`;
      const beside = WITH_WEIGHTS.includes(name) ? { name: weights, data: await read(weights) } : null;
      graphs[name] = await wasm.load(await read(`${name}.onnx`), beside);
    }
    return new SpeechGraph(wasm, graphs);
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return this.#wasm.bytes;
  }

  voice(samples: Numbers<Int16Array>, state: Numbers<Float32Array>): Float32Array {
    return this.#call((call) => {
      const audio = copied(samples, Int16Array);
      const before = copied(state, Float32Array);
      const frames = (audio.length - VOICE_CONTEXT) / VOICE_FRAME;
      const width = VOICE_CONTEXT + VOICE_FRAME;
      const rows = Float32Array.from({ length: frames * width }, (_, at) => {
        const sample = Math.floor(at / width) * VOICE_FRAME + (at % width);
        return (audio[sample] as number) / FULL_SCALE;
      });
      const halves = [before.slice(0, VOICE_STATE), before.slice(VOICE_STATE)];
      const inputs = [call.given(FLOAT, rows, [frames, width])];
      for (const half of halves) inputs.push(call.given(FLOAT, half, [1, 1, VOICE_STATE]));
      const [found, h, c] = this.#run(call, "voice", inputs) as [number, number, number];
      return joined(this.#wasm.floats(found, frames), this.#wasm.floats(h, VOICE_STATE), this.#wasm.floats(c, VOICE_STATE));
    });
  }

  embed(samples: Numbers<Int16Array>, starts: Numbers<number[]>, length: number): Float32Array {
    return this.#call((call) => {
      const audio = copied(samples, Int16Array);
      const windows = listed(starts);
      const inputs = [call.given(INT16, audio, [audio.length]), call.integers(windows, [windows.length]), call.integers([length], [1])];
      const [, vectors] = this.#run(call, "voice-print", inputs) as [number, number];
      return this.#wasm.floats(vectors, windows.length * PRINT_SIZE);
    });
  }

  listen(samples: Numbers<Int16Array>, first: number, last: number, frames: number): number {
    return this.#call((call) => {
      const audio = copied(samples, Int16Array);
      const window = [first, last, frames].map((value) => call.integers([value], [1]));
      const cross = this.#wasm.run(this.#session("encoder"), [call.given(INT16, audio, [audio.length]), ...window]);
      this.#heard.set(this.#next, { cross, past: [] });
      return this.#next++;
    });
  }

  release(audio: number): void {
    const heard = this.#find(audio);
    this.#drop([...heard.cross, ...heard.past]);
    this.#heard.delete(audio);
  }

  step(
    audio: number, parents: Numbers<number[]>, ids: Numbers<number[]>, spans: Numbers<number[]>,
    { starting, timed }: { starting: boolean; timed: boolean },
  ): Float32Array {
    return this.#call((call) => {
      const tokens = listed(ids);
      const { logits } = this.#decode(call, audio, listed(parents), tokens);
      const rules = [call.integers(listed(spans), [tokens.length, 4])];
      for (const rule of [starting, timed]) rules.push(call.given(FLOAT, Float32Array.of(Number(rule)), [1]));
      const [likelihood, chosen, silence] = this.#run(call, "choice", [logits, ...rules]) as [number, number, number];
      const likelihoods = this.#wasm.floats(likelihood, tokens.length * CHOICES);
      const at = this.#wasm.find(chosen);
      const choices = new BigInt64Array(this.#wasm.ort.HEAPU8.buffer, at, tokens.length * CHOICES);
      const rows = tokens.map((_, row) => {
        const [start, end] = [row * CHOICES, (row + 1) * CHOICES];
        const named = Float32Array.from(choices.subarray(start, end), Number);
        return joined(likelihoods.subarray(start, end), named);
      });
      return joined(this.#wasm.floats(silence, 1), ...rows);
    });
  }

  align(audio: number, ids: Numbers<number[]>, targets: Numbers<number[]>, content: number): Float32Array {
    return this.#call((call) => {
      const tokens = listed(ids);
      const { logits, alignment } = this.#decode(call, audio, [], tokens);
      const asked = [call.integers(listed(targets), [tokens.length]), call.integers([content], [1])];
      const [probabilities, weights] = this.#run(call, "alignment", [logits, alignment, ...asked]) as [number, number];
      return joined(this.#wasm.floats(probabilities, tokens.length), this.#wasm.floats(weights, tokens.length * content));
    });
  }

  /** Run the decoder; what it remembers takes the place of what it remembered. */
  #decode(call: Call, audio: number, parents: number[], ids: number[]): { logits: number; alignment: number } {
    const heard = this.#find(audio);
    const rows = Math.max(1, parents.length);
    const past = parents.length ? heard.past : this.#nothing(call);
    const tokens = call.integers(ids, [rows, ids.length / rows]);
    const inputs = [tokens, call.integers(parents.length ? parents : [0], [rows]), ...past, ...heard.cross];
    const [logits, alignment, ...present] = this.#wasm.run(this.#session("decoder"), inputs) as [number, number, ...number[]];
    this.#drop(heard.past);
    heard.past = present;
    return { logits: call.owns(logits), alignment: call.owns(alignment) };
  }

  /** Keys and values of no token. */
  #nothing(call: Call): number[] {
    const { inputs } = this.#session("decoder");
    const caches = inputs.slice(FIXED_INPUTS, FIXED_INPUTS + (inputs.length - FIXED_INPUTS) / 2);
    return caches.map(({ dims }) => call.given(FLOAT, new Float32Array(), [1, dims[1] as number, 0, dims[3] as number]));
  }

  #run(call: Call, name: Name, inputs: number[]): number[] {
    return this.#wasm.run(this.#session(name), inputs).map((tensor) => call.owns(tensor));
  }

  #session(name: Name): Session {
    const session = this.#graphs[name];
    if (!session) throw new RangeError(`The bundle has no ${name}.onnx for pages.`);
    return session;
  }

  #call<Result>(work: (call: Call) => Result): Result {
    const call = new Call(this.#wasm);
    try {
      return work(call);
    } finally {
      call.end();
    }
  }

  #find(audio: number): Heard {
    const heard = this.#heard.get(audio);
    if (!heard) throw new RangeError(`Nothing was heard as ${audio}.`);
    return heard;
  }

  #drop(tensors: number[]): void {
    for (const tensor of tensors) this.#wasm.ort._OrtReleaseTensor(tensor);
  }
}

function joined(...parts: Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A copy of a buffer of Python, or the numbers themselves. */
function copied<Typed extends Int16Array | Float32Array>(
  numbers: Numbers<Typed>, kind: { new (buffer: ArrayBufferLike, offset: number, length: number): Typed; BYTES_PER_ELEMENT: number },
): Typed {
  if (numbers instanceof Int16Array || numbers instanceof Float32Array) return numbers as Typed;
  const buffer = (numbers as PyProxy & { getBuffer(): { data: Typed; release(): void } }).getBuffer();
  const { data } = buffer;
  const bytes = data.slice();
  buffer.release();
  return new kind(bytes.buffer, bytes.byteOffset, bytes.byteLength / kind.BYTES_PER_ELEMENT);
}

function listed(numbers: Numbers<number[]>): number[] {
  return Array.isArray(numbers) ? numbers : (numbers.toJs() as number[]);
}
