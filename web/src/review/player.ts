/** Plays stretches of the recording, one after another, and stops at their end. */

import { signal } from "@preact/signals";

import type { Stretch } from "./stretches";

/** What a player needs of an `<audio>` element. */
export type AudioOutput = Pick<
  HTMLAudioElement,
  "src" | "currentTime" | "play" | "pause" | "onended" | "onerror" | "ontimeupdate"
>;

export class Player {
  /** What is played, as `toggle` was told; null in silence. */
  readonly playing = signal<string | null>(null);
  /** Where in the recording it is, in seconds. */
  readonly at = signal<number | null>(null);
  /** Why nothing is heard. */
  readonly trouble = signal<string | null>(null);

  readonly #address: (stretch: Stretch) => string | Promise<string>;
  #output: AudioOutput | null = null;
  #queue: Stretch[] = [];

  /** @param address Where the audio of a stretch is. */
  constructor(address: (stretch: Stretch) => string | Promise<string>) {
    this.#address = address;
  }

  /** Use an element; null takes it away. */
  attach(output: AudioOutput | null): void {
    this.stop();
    this.#output = output;
  }

  /** Play stretches under a name, or stop if that is what is played. */
  toggle(name: string, stretches: Stretch[]): void {
    const again = this.playing.value === name;
    this.stop();
    if (again || stretches.length === 0) return;
    this.playing.value = name;
    this.#queue = [...stretches];
    this.#next();
  }

  stop(): void {
    this.#queue = [];
    this.playing.value = null;
    this.at.value = null;
    this.trouble.value = null;
    if (!this.#output) return;
    this.#output.onended = this.#output.onerror = this.#output.ontimeupdate = null;
    this.#output.pause();
  }

  #next(): void {
    const output = this.#output;
    const stretch = this.#queue.shift();
    if (!output || !stretch) {
      this.stop();
      return;
    }
    output.onended = () => this.#next();
    output.onerror = () => this.#fail();
    output.ontimeupdate = () => {
      this.at.value = stretch.start + output.currentTime;
    };
    this.at.value = stretch.start;
    const address = this.#address(stretch);
    if (typeof address === "string") this.#play(output, address);
    else void address.then((found) => this.at.value === stretch.start && this.#play(output, found), () => this.#fail());
  }

  #play(output: AudioOutput, address: string): void {
    output.src = address;
    // Another stretch that was asked for meanwhile ends this one's promise too: then it is no trouble.
    output.play().catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.#fail();
    });
  }

  #fail(): void {
    this.stop();
    this.trouble.value = "This part of the recording cannot be played.";
  }
}
