/** The note model's graph on the processor: unpacked where there is memory for it, packed elsewhere. */

import { Graph } from "./graph";
import { DeviceError } from "./problem";
import type { ModelFile, Models } from "./weights";

export const PACKED = "model.onnx";
/** Over the same weights; see `appliance.models.unpacked`. Bundles of older boxes lack it. */
const UNPACKED = "model.unpacked.onnx";
export const WEIGHTS = "model.onnx.data";
/** Memory that the unpacked graph takes for a byte of weights: 7 for the default model, and room for keys and values. */
const UNPACKED_BYTES = 8;
/** What WebAssembly may address, less a quarter. */
const MOST_BYTES = 3 * 2 ** 30;
/** The share of a tablet's memory that the note model may take. */
const SHARE = 1 / 3;

export interface CpuGraph {
  graph: Graph;
  /** Whether its weights are float32 in memory, so that a step does not unpack them. */
  unpacked: boolean;
}

/**
 * Load the graph of the note model.
 *
 * @param folder Address of the runtime's files, ending in `/`.
 * @param read The content of one of the box's files.
 * @param unpack Whether to unpack the weights; by default where there is memory for them. If that fails, they stay packed.
 */
export async function loadCpuGraph(
  folder: string, models: Models, read: (name: string) => Promise<Uint8Array>, threads: number, unpack?: boolean,
): Promise<CpuGraph> {
  const { deviceMemory } = navigator as { deviceMemory?: number };
  const has = models.files.some(({ name }) => name === UNPACKED);
  if (has && (unpack ?? hasRoom(named(models, WEIGHTS).bytes, deviceMemory))) {
    const [model, data] = [await read(UNPACKED), await read(WEIGHTS)];
    try {
      return { graph: await Graph.load(folder, model, data, threads), unpacked: true };
    } catch (error) {
      // Most likely there is less memory than the browser told, or it told nothing.
      console.warn(error);
    }
  }
  const [model, data] = [await read(PACKED), await read(WEIGHTS)];
  return { graph: await Graph.load(folder, model, data, threads), unpacked: false };
}

/**
 * Whether the unpacked graph is worth a try.
 *
 * @param weights Bytes of the weights file.
 * @param memory What the browser says the tablet has, in GiB; Safari and Firefox do not say, and are given the benefit of the doubt.
 */
export function hasRoom(weights: number, memory?: number): boolean {
  const needed = UNPACKED_BYTES * weights;
  return needed <= MOST_BYTES && (memory === undefined || needed <= SHARE * memory * 2 ** 30);
}

export function named({ files }: Models, name: string): ModelFile {
  const file = files.find((file) => file.name === name);
  if (!file) throw new DeviceError(`The box's bundle has no ${name}.`, "Run `chartside models build` on the box.");
  return file;
}
