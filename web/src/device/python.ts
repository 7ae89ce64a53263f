/** The note service's own Python in the page: CPython as WebAssembly, with the modules that `scripts/device_files.py` packed. */

import type { loadPyodide as load, PyodideInterface } from "pyodide";

import type { Bridge } from "./bridge";

/** `appliance.device.notes.Notes`. */
export interface Notes {
  open(template: string): void;
  put_turn(number: number, turn: string): void;
  finish(turns: number): void;
  cancel(): void;
  step(): boolean;
  events(): string;
}

/** `appliance.device.notes.Checker`. */
export interface Checker {
  check(body: string): string;
}

/** What the page calls of `appliance.device`. */
export interface Device {
  Checker(): Checker;
  Notes(bridge: Bridge, manifest: string): Notes;
  problem(error: unknown): string;
}

/** `appliance.device.questions.PageAnswers`. */
export interface Answers {
  answers(questions: string): string;
}

const SITE = "/chartside";

export class Python {
  readonly #pyodide: PyodideInterface;
  readonly device: Device;

  private constructor(pyodide: PyodideInterface) {
    this.#pyodide = pyodide;
    this.device = pyodide.pyimport("appliance.device.notes") as Device;
  }

  /** @param folder Address of the runtime's files, ending in `/`. */
  static async load(folder: string): Promise<Python> {
    const { loadPyodide } = (await import(/* @vite-ignore */ `${folder}pyodide.mjs`)) as { loadPyodide: typeof load };
    const [pyodide, core] = await Promise.all([
      loadPyodide({ indexURL: folder }),
      fetch(`${folder}core.zip`).then((response) => response.arrayBuffer()),
    ]);
    pyodide.unpackArchive(core, "zip", { extractDir: SITE });
    pyodide.runPython(`import sys; sys.path.insert(0, "${SITE}")`);
    return new Python(pyodide);
  }

  answers(bridge: Bridge, manifest: string): Answers {
    return (this.#pyodide.pyimport("appliance.device.questions.PageAnswers") as (...args: unknown[]) => Answers)(bridge, manifest);
  }

  /** Bytes of WebAssembly memory. */
  get bytes(): number {
    return (this.#pyodide as unknown as { _module: { HEAPU8: Uint8Array } })._module.HEAPU8.byteLength;
  }

  /** What Python raised, as a problem document in JSON; null if the error is not Python's. */
  problem(error: unknown): string | null {
    if (!(error instanceof this.#pyodide.ffi.PythonError)) return null;
    return this.device.problem(this.#pyodide.runPython("import sys; sys.last_exc"));
  }
}
