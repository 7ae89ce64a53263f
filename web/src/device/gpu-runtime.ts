/** The tablet's GPU and ONNX Runtime's WebGPU build. */

import type * as Runtime from "onnxruntime-web/webgpu";

import { DeviceError } from "./problem";

/** The build uses it where the GPU has it. */
const FASTER: GPUFeatureName = "subgroups";
const HALF: GPUFeatureName = "shader-f16";
/** The least that WebGPU promises is too little for a language model, so as much is asked for as there is. */
const LIMITS = [
  "maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage", "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup", "maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;
const OTHERWISE = "Load the models without the GPU, or use the box.";

export class GpuRuntime {
  readonly ort: typeof Runtime;
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly #lost: Promise<never>;
  #fault = "";

  private constructor(ort: typeof Runtime, device: GPUDevice, info: GPUAdapterInfo) {
    this.ort = ort;
    this.device = device;
    this.info = info;
    this.#lost = device.lost.then(() => {
      throw new DeviceError("The browser took the GPU away from the note engine.", OTHERWISE);
    });
    // Whoever needs the GPU when it is lost hears of it.
    this.#lost.catch(() => {});
    // A call that the GPU refuses leaves its result empty and tells nobody else.
    device.onuncapturederror = ({ error }) => {
      this.#fault ||= error.message;
    };
  }

  /**
   * @param folder Address of the runtime's files, ending in `/`.
   * @param half Whether it has to compute with 16-bit numbers.
   * @throws DeviceError The browser gives no such GPU.
   */
  static async start(folder: string, half: boolean): Promise<GpuRuntime> {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new DeviceError("This browser gives pages no GPU.", OTHERWISE);
    if (half && !adapter.features.has(HALF)) throw new DeviceError("This GPU does not compute with 16-bit numbers.", OTHERWISE);
    const device = await adapter.requestDevice({
      requiredFeatures: [...(half ? [HALF] : []), ...(adapter.features.has(FASTER) ? [FASTER] : [])],
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
    const ort = (await import(/* @vite-ignore */ `${folder}ort.webgpu.min.mjs`)) as typeof Runtime;
    const build = `${folder}ort-wasm-simd-threaded.asyncify`;
    ort.env.wasm.wasmPaths = { mjs: `${build}.mjs`, wasm: `${build}.wasm` };
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = "error";
    return new GpuRuntime(ort, device, adapter.info);
  }

  /** Load a graph whose weights are in the file `weightsFile` beside it. */
  load(model: Uint8Array, weights: Uint8Array, weightsFile: string): Promise<Runtime.InferenceSession> {
    return this.whileThere(
      this.ort.InferenceSession.create(model, {
        executionProviders: [{ name: "webgpu", device: this.device }],
        externalData: [{ path: weightsFile, data: weights }],
        logSeverityLevel: 3,
      }),
    );
  }

  /**
   * Wait for work of the GPU, but no longer than there is one.
   *
   * @throws DeviceError There is none any more, or it refused something.
   */
  async whileThere<T>(work: Promise<T>): Promise<T> {
    const done = await Promise.race([work, this.#lost]);
    if (this.#fault) throw new DeviceError(`The GPU failed: ${this.#fault.slice(0, 200)}`, OTHERWISE);
    return done;
  }
}
