/** The box's own Python in the page: CPython as WebAssembly, with the modules that `scripts/device_files.py` packed. */

import type { loadPyodide as load, PyodideInterface } from "pyodide";

import { DeviceError } from "./problem";

/** `appliance.device.telling`. */
interface Telling {
  problem(error: unknown): string;
}

/** `device.json`, written by `scripts/device_files.py`. */
interface Runtime {
  /** Path of the folder with the runtimes and the packed Python modules, ending in `/`. */
  folder: string;
}

const SITE = "/chartside";

/** Address of the runtimes' files, ending in `/`. */
export async function runtimeFolder(): Promise<string> {
  const response = await fetch("/device.json");
  if (!response.ok) throw new DeviceError("The box has no engines for tablets.", "Run `make page` on the box.");
  return new URL(((await response.json()) as Runtime).folder, location.origin).href;
}

export class Python {
  readonly #pyodide: PyodideInterface;
  readonly #telling: Telling;
  /** Address of the runtimes' files, ending in `/`. */
  readonly folder: string;

  private constructor(pyodide: PyodideInterface, folder: string) {
    this.#pyodide = pyodide;
    this.folder = folder;
    this.#telling = pyodide.pyimport("appliance.device.telling") as Telling;
  }

  /** @param folder From `runtimeFolder`. */
  static async start(folder: string): Promise<Python> {
    const { loadPyodide } = (await import(/* @vite-ignore */ `${folder}pyodide.mjs`)) as { loadPyodide: typeof load };
    const [pyodide, core] = await Promise.all([
      loadPyodide({ indexURL: folder }),
      fetch(`${folder}core.zip`).then((found) => found.arrayBuffer()),
    ]);
    pyodide.unpackArchive(core, "zip", { extractDir: SITE });
    pyodide.runPython(`import sys; sys.path.insert(0, "${SITE}")`);
    return new Python(pyodide, folder);
  }

  /** A module of the box, or something in it. */
  import<Module>(name: string): Module {
    return this.#pyodide.pyimport(name) as Module;
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return (this.#pyodide as unknown as { _module: { HEAPU8: Uint8Array } })._module.HEAPU8.byteLength;
  }

  /** What Python raised, as a problem document in JSON; null if the error is not Python's. */
  problem(error: unknown): string | null {
    if (!(error instanceof this.#pyodide.ffi.PythonError)) return null;
    return this.#telling.problem(this.#pyodide.runPython("import sys; sys.last_exc"));
  }
}
