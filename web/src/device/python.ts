/** The box's own Python in the page: CPython as WebAssembly, with the modules that `scripts/device_files.py` packed. */

import type { loadPyodide as load, PyodideInterface } from "pyodide";

import { DeviceError } from "./problem";

/** `appliance.device.telling`. */
interface Telling {
  problem(error: unknown): string;
}

const SITE = "/chartside";

/** Address of the runtimes' files, ending in `/`; the build knows their folder from `scripts/device_files.py`. */
export function runtimeFolder(): string {
  const { VITE_ENGINES } = import.meta.env;
  if (!VITE_ENGINES) throw new DeviceError("The page was built without engines for tablets.", "Run `make page` on the box.");
  return new URL(VITE_ENGINES, location.origin).href;
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
