/** Runs small graphs on the GPU, with the runtime that the note engine uses; caches are updated in place as the engine does. */
async (folder) => {
  const TYPES = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };
  const USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const text = (data) => {
    let letters = "";
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) letters += String.fromCharCode(byte);
    return btoa(letters);
  };

  const adapter = await navigator.gpu.requestAdapter();
  const limits = ["maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage", "maxComputeWorkgroupStorageSize"];
  const device = await adapter.requestDevice({
    requiredFeatures: ["subgroups"].filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  });
  const faults = [];
  device.onuncapturederror = ({ error }) => faults.push(error.message);
  const ort = await import(`${folder}ort.webgpu.min.mjs`);
  const build = `${folder}ort-wasm-simd-threaded.asyncify`;
  ort.env.wasm.wasmPaths = { mjs: `${build}.mjs`, wasm: `${build}.wasm` };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";

  async function read(buffer, size) {
    const copy = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(copy.getMappedRange().slice(0));
    copy.destroy();
    return data;
  }

  window.runOperators = async ({ model, weights, inputs, outputs, onCpu }) => {
    const session = await ort.InferenceSession.create(bytes(model), {
      executionProviders: [{ name: "webgpu", device }],
      externalData: [{ path: "weights", data: bytes(weights) }],
      // A node without a kernel for the GPU would run beside it, and prove nothing.
      extra: { session: { disable_cpu_ep_fallback: onCpu ? "0" : "1" } },
      logSeverityLevel: 3,
    });
    const feeds = {};
    const results = Object.fromEntries(outputs.map((name) => [name, null]));
    const buffers = {};
    for (const [name, { type, dims, data }] of Object.entries(inputs)) {
      const content = bytes(data);
      if (name.startsWith("past.")) {
        const buffer = device.createBuffer({ size: content.byteLength, usage: USAGE });
        device.queue.writeBuffer(buffer, 0, content);
        const present = name.replace("past.", "present.");
        feeds[name] = results[present] = ort.Tensor.fromGpuBuffer(buffer, { dataType: type, dims });
        buffers[present] = [buffer, content.byteLength];
      } else feeds[name] = new ort.Tensor(type, new TYPES[type](content.buffer), dims);
    }
    const found = await session.run(feeds, results);
    const answer = {};
    for (const name of outputs) answer[name] = text(buffers[name] ? await read(...buffers[name]) : found[name].data);
    for (const [buffer] of Object.values(buffers)) buffer.destroy();
    await session.release();
    if (faults.length) throw new Error(faults.shift());
    return answer;
  };
};
