/** The note model on the GPU: with 16-bit numbers where they are asked for and right, otherwise with 32-bit ones. */

import { PACKED, WEIGHTS } from "./cpu-graph";
import { GpuModel } from "./gpu-model";
import { toProblem } from "./problem";

/** Over the same weights; see `appliance.models.float16`. Bundles of older boxes lack it. */
const FLOAT16 = "model.float16.onnx";

/**
 * Find a GPU and check that it computes rightly.
 *
 * @param folder Address of the runtime's files, ending in `/`.
 * @param half Whether to try 16-bit numbers first.
 * @throws DeviceError There is no GPU, or its 32-bit numbers are wrong as well.
 */
export async function startGpu(folder: string, half: boolean): Promise<GpuModel> {
  if (!half) return GpuModel.start(folder, false);
  try {
    return await GpuModel.start(folder, true);
  } catch (error) {
    return inFull(folder, error);
  }
}

/**
 * Load the graph on a GPU that was started; the answer is another one if the model fails in 16 bits.
 *
 * @param read The content of one of the box's files.
 * @throws DeviceError It cannot be loaded; the GPU is given back.
 */
export async function loadGpuGraph(
  started: GpuModel, folder: string, read: (name: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<GpuModel> {
  let gpu = started;
  if (gpu.gpu.half) {
    try {
      return await gpu.load(await read(FLOAT16), await read(WEIGHTS));
    } catch (error) {
      gpu.close();
      gpu = await inFull(folder, error);
    }
  }
  try {
    return await gpu.load(await read(PACKED), await read(WEIGHTS));
  } catch (error) {
    gpu.close();
    throw error;
  }
}

/** A GPU anew, with 32-bit numbers; what 16-bit ones did to the last is gone with its worker. */
async function inFull(folder: string, error: unknown): Promise<GpuModel> {
  const model = await GpuModel.start(folder, false);
  model.gpu.refused = toProblem(error).detail;
  return model;
}
