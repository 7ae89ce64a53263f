/** Keeps the screen of the tablet on while a visit is recorded. */

export class WakeLock {
  #wanted = false;
  #sentinel: WakeLockSentinel | null = null;

  constructor() {
    // The browser lets go of the lock whenever the page is hidden.
    document.addEventListener("visibilitychange", () => {
      if (this.#wanted && document.visibilityState === "visible") void this.#request();
    });
  }

  acquire(): void {
    this.#wanted = true;
    void this.#request();
  }

  release(): void {
    this.#wanted = false;
    void this.#sentinel?.release();
    this.#sentinel = null;
  }

  async #request(): Promise<void> {
    if (!("wakeLock" in navigator)) return;
    try {
      this.#sentinel = await navigator.wakeLock.request("screen");
      if (!this.#wanted) this.release();
    } catch {
      // Low battery or a hidden page: recording goes on, the screen may just turn off.
    }
  }
}
