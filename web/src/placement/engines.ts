/** The engines of this tablet, loaded once and kept while visits need them. */

import { DeviceEngine } from "../device/engine";
import type { Backend, Loaded, Progress } from "../device/messages";
import { SpeechEngine } from "../device/speech-engine";
import type { SpeechLoaded } from "../device/speech-messages";
import type { Engines } from "../scribe/scribe";

/** How far the models are here. */
export interface Loading extends Progress {
  what: "speech" | "note";
}

export interface Ready extends Engines {
  note: Loaded;
  speech: SpeechLoaded;
}

export class TabletEngines {
  #ready: Promise<Ready> | null = null;
  #backend: Backend | null = null;
  #close: (() => void)[] = [];
  #grown = (): boolean => false;
  /** Called while models are fetched. */
  onLoading: (loading: Loading) => void = () => {};

  /** The engines, loaded if they are not. @throws RequestError They cannot be. */
  async load(backend: Backend): Promise<Ready> {
    // Between two visits: what writes one must not be replaced in the middle of it.
    if (this.#backend !== backend || this.#grown()) this.close();
    this.#backend = backend;
    this.#ready ??= this.#load(backend);
    try {
      return await this.#ready;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Give all their memory back. */
  close(): void {
    for (const close of this.#close.splice(0)) close();
    this.#ready = null;
    this.#backend = null;
    this.#grown = () => false;
  }

  async #load(backend: Backend): Promise<Ready> {
    const ears = new SpeechEngine();
    const pen = new DeviceEngine();
    this.#close = [() => ears.close(), () => pen.close()];
    this.#grown = () => pen.grown;
    ears.onProgress = (progress) => this.onLoading({ what: "speech", ...progress });
    pen.onProgress = (progress) => this.onLoading({ what: "note", ...progress });
    const speech = await ears.load();
    const note = await pen.load(undefined, backend);
    return { ears, pen, speech, note };
  }
}
