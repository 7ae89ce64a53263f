/** Audio worklet: takes the microphone's samples off the audio thread as numbered-to-be PCM16 chunks and loudness. */

import { CHUNK_SAMPLES } from "../types";
import { Chunker } from "./chunker";
import { decibels } from "./loudness";
import { type FromWorklet, PROCESSOR_NAME, type ToWorklet } from "./messages";

/** The audio worklet's global scope, which TypeScript's libraries leave out. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Samples between two level messages: a tenth of a second at 16 kHz. */
const LEVEL_SAMPLES = 1_600;

class Recorder extends AudioWorkletProcessor {
  #chunker = new Chunker(CHUNK_SAMPLES);
  #level = new Float32Array(LEVEL_SAMPLES);
  #levelFilled = 0;
  #listening = true;
  #flushed = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => this.#obey(data);
  }

  /** Called by the browser for every 128 samples. */
  process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (samples && this.#listening) {
      for (const chunk of this.#chunker.push(samples)) this.#sendChunk(chunk);
      this.#measure(samples);
    }
    return !this.#flushed;
  }

  #obey(message: ToWorklet): void {
    if (message.type === "flush") {
      this.#listening = false;
      this.#flushed = true;
      const rest = this.#chunker.flush();
      if (rest) this.#sendChunk(rest);
      this.#send({ type: "flushed" });
    } else {
      this.#listening = message.type === "resume" && !this.#flushed;
    }
  }

  #measure(samples: Float32Array): void {
    for (const sample of samples) {
      this.#level[this.#levelFilled++] = sample;
      if (this.#levelFilled === LEVEL_SAMPLES) {
        this.#send({ type: "level", db: decibels(this.#level), pending: this.#chunker.pending });
        this.#levelFilled = 0;
      }
    }
  }

  #sendChunk(chunk: Int16Array<ArrayBuffer>): void {
    this.#send({ type: "chunk", samples: chunk.buffer }, [chunk.buffer]);
  }

  #send(message: FromWorklet, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

registerProcessor(PROCESSOR_NAME, Recorder);
