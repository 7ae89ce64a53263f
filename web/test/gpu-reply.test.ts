import { describe, expect, it } from "vitest";

import { DeviceError } from "../src/device/problem";
import { reply, ReplyBox } from "../src/device/gpu-reply";

describe("an answer in shared memory", () => {
  it("holds the numbers of the other end", async () => {
    const box = new ReplyBox();
    for (const size of [3, 100_000, 1]) {
      const sent = Float32Array.from({ length: size }, (_, index) => index / 2);
      // A view into a larger buffer, as a runtime gives.
      const view = Float32Array.of(9, ...sent, 9).subarray(1, size + 1);
      await reply(box.open(view.byteLength), async () => view);
      expect(new Float32Array(box.wait())).toEqual(sent);
    }
  });

  it("says what the other end could not do", async () => {
    const box = new ReplyBox();
    await reply(box.open(4), async () => {
      throw new DeviceError("The GPU is gone.", "Use the box.");
    });
    expect(() => box.wait()).toThrow(expect.objectContaining({ message: "The GPU is gone.", hint: "Use the box." }) as Error);
  });

  it("keeps no failure for the next question", async () => {
    const box = new ReplyBox();
    await reply(box.open(4), () => Promise.reject(new Error("first")));
    expect(() => box.wait()).toThrow("first");
    await reply(box.open(4), async () => Float32Array.of(1));
    expect([...new Float32Array(box.wait())]).toEqual([1]);
  });

  it("wakes a worker that waits", async () => {
    const { Worker } = await import("node:worker_threads");
    const box = new ReplyBox();
    const memory = box.open(4);
    const waiter = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       const head = new Int32Array(workerData, 0, 4);
       parentPort.postMessage("waits");
       parentPort.postMessage(Atomics.wait(head, 0, 0, 10000));`,
      { eval: true, workerData: memory },
    );
    const said: unknown[] = [];
    const woken = new Promise<void>((resolve) => {
      waiter.on("message", (message) => {
        said.push(message);
        if (message === "waits") void reply(memory, async () => Float32Array.of(1));
        else resolve();
      });
    });
    await woken;
    await waiter.terminate();
    // "not-equal" where the answer was there before it began to wait.
    expect(["ok", "not-equal"]).toContain(said[1]);
  });
});
