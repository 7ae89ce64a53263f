/** Checks notes with the box's own rules in a worker of this tablet, which is started when it is needed and ended when it is not. */

import { DeviceEngine } from "../device/engine";

/** The worker holds some 30 MB. */
const IDLE_MS = 60_000;

export class NoteChecker {
  #engine: DeviceEngine | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /**
   * @param body What `POST /check` of the note service takes, in JSON.
   * @returns What it answers.
   * @throws RequestError The worker cannot start or refuses.
   */
  async check(body: string): Promise<unknown> {
    clearTimeout(this.#timer);
    this.#engine ??= new DeviceEngine();
    this.#asked += 1;
    try {
      return await this.#engine.ask({ ask: "check", body });
    } catch (error) {
      // It may have died; the next check starts another one.
      this.#close();
      throw error;
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#timer = setTimeout(() => this.#close(), IDLE_MS);
    }
  }

  #close(): void {
    this.#engine?.close();
    this.#engine = null;
  }
}
