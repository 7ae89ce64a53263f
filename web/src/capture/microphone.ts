/** The tablet's microphone as a stream of chunks, loudness and trouble. */

import type { FromWorklet, ToWorklet } from "./messages";
import { PROCESSOR_NAME } from "./messages";
import workletAddress from "./worklet?worker&url";
import { SAMPLE_RATE } from "../types";

/** A microphone silent for this long has stopped working, not just nothing to hear: even silence sends levels. */
const STALLED_MS = 4_000;

/** The microphone cannot be used; the message says why and what to do. */
export class MicrophoneError extends Error {
  override name = "MicrophoneError";
}

export interface MicrophoneListener {
  /** PCM16 samples in recording order; the very last may be short. */
  onChunk(samples: ArrayBuffer): void;
  /** Ten times a second while listening: loudness in dB, and samples heard that are not in a chunk yet. */
  onLevel(db: number, pending: number): void;
  /** The microphone is gone: unplugged, taken by the system, or stalled. It must be opened again. */
  onLost(reason: string): void;
  /** The system muted or unmuted the microphone. */
  onMuted(muted: boolean): void;
}

export class Microphone {
  readonly #context: AudioContext;
  readonly #stream: MediaStream;
  readonly #node: AudioWorkletNode;
  readonly #listener: MicrophoneListener;
  #flushed: (() => void) | null = null;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #lastLevel = performance.now();
  #listening = true;
  #closed = false;

  /**
   * Ask for the microphone and listen at once. Must be called from a tap or a key press.
   *
   * @throws MicrophoneError It is denied, missing, in use, or the browser cannot record.
   */
  static async open(listener: MicrophoneListener): Promise<Microphone> {
    const stream = await openStream();
    const context = new AudioContext({ sampleRate: SAMPLE_RATE });
    try {
      await context.audioWorklet.addModule(workletAddress);
      await context.resume();
      return new Microphone(context, stream, listener);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      throw new MicrophoneError(`The microphone cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private constructor(context: AudioContext, stream: MediaStream, listener: MicrophoneListener) {
    this.#context = context;
    this.#stream = stream;
    this.#listener = listener;
    this.#node = new AudioWorkletNode(context, PROCESSOR_NAME, {
      numberOfInputs: 1,
      // An output, always silent: some browsers only run nodes that lead to the loudspeaker.
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
      channelInterpretation: "speakers",
    });
    this.#node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => this.#receive(data);
    this.#node.onprocessorerror = () => this.#lose("The audio engine of the browser stopped.");
    context.createMediaStreamSource(stream).connect(this.#node).connect(context.destination);
    context.onstatechange = () => {
      if (context.state !== "running") this.#lose("The tablet interrupted the microphone.");
    };
    for (const track of stream.getAudioTracks()) {
      track.onended = () => this.#lose("The microphone was unplugged or taken away.");
      track.onmute = () => listener.onMuted(true);
      track.onunmute = () => listener.onMuted(false);
    }
    this.#watchdog = setInterval(() => this.#watch(), STALLED_MS / 4);
  }

  /** Stop taking sound. The chunk that is not full yet waits for `resume`. */
  pause(): void {
    this.#listening = false;
    this.#send({ type: "pause" });
  }

  resume(): void {
    this.#listening = true;
    this.#lastLevel = performance.now();
    this.#send({ type: "resume" });
  }

  /** Hand over the last, short chunk and let go of the microphone. The last `onChunk` comes before this resolves. */
  async finish(): Promise<void> {
    if (!this.#closed && this.#context.state === "running") {
      await new Promise<void>((resolve) => {
        this.#flushed = resolve;
        this.#send({ type: "flush" });
      });
    }
    this.close();
  }

  /** Let go of the microphone at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watchdog);
    this.#context.onstatechange = null;
    for (const track of this.#stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    void this.#context.close();
  }

  #receive(message: FromWorklet): void {
    switch (message.type) {
      case "chunk":
        this.#listener.onChunk(message.samples);
        break;
      case "level":
        this.#lastLevel = performance.now();
        this.#listener.onLevel(message.db, message.pending);
        break;
      case "flushed":
        this.#flushed?.();
        break;
    }
  }

  #watch(): void {
    if (!this.#listening) return;
    if (performance.now() - this.#lastLevel > STALLED_MS) this.#lose("The microphone stopped sending sound.");
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    // Not closed yet: `finish` may still take the short chunk that waits in the worklet.
    clearInterval(this.#watchdog);
    this.#listener.onLost(reason);
  }

  #send(message: ToWorklet): void {
    this.#node.port.postMessage(message);
  }
}

async function openStream(): Promise<MediaStream> {
  if (!("mediaDevices" in navigator) || typeof AudioWorkletNode === "undefined") {
    throw new MicrophoneError(
      "This browser gives no microphone to this address. Open Chartside in a current browser, at http://localhost or over https.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (error) {
    throw new MicrophoneError(openFailure(error instanceof DOMException ? error.name : ""));
  }
}

/** Why `getUserMedia` failed, in words. */
export function openFailure(name: string): string {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The microphone is blocked. Allow the microphone for this page in the browser's address bar, then try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No microphone was found. Connect a microphone, then try again.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another app. Close that app, then try again.";
    default:
      return "The microphone cannot be opened. Reload the page, then try again.";
  }
}
