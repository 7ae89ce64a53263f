/** The part of ONNX Runtime's WebAssembly module that `graph.ts` calls. Pointers are byte offsets in `HEAPU8`. */

export interface Ort {
  readonly HEAPU8: Uint8Array;
  mountExternalData(path: string, data: Uint8Array): void;
  unmountExternalData(): void;
  setValue(pointer: number, value: number, type: "i32" | "*"): void;
  getValue(pointer: number, type: "i32" | "*"): number;
  UTF8ToString(pointer: number): string;
  stackSave(): number;
  stackRestore(stack: number): void;
  stackAlloc(bytes: number): number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _OrtInit(threads: number, logLevel: number): number;
  _OrtGetLastError(code: number, message: number): void;
  _OrtCreateSessionOptions(
    optimization: number, arena: boolean, pattern: boolean, mode: number, profiling: boolean, profilePrefix: number,
    logId: number, severity: number, verbosity: number, optimizedPath: number,
  ): number;
  _OrtAddSessionConfigEntry(options: number, key: number, value: number): number;
  _OrtReleaseSessionOptions(options: number): void;
  _OrtCreateSession(model: number, bytes: number, options: number): number | Promise<number>;
  _OrtGetInputOutputCount(session: number, inputs: number, outputs: number): number;
  _OrtGetInputOutputMetadata(session: number, index: number, name: number, metadata: number): number;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtRun(
    session: number, inputNames: number, inputs: number, inputCount: number, outputNames: number, outputCount: number,
    outputs: number, options: number,
  ): number;
  _OrtFree(pointer: number): number;
}

export type OrtFactory = (options: { numThreads: number; locateFile: (name: string) => string }) => Promise<Ort>;
