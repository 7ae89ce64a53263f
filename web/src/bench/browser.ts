/** What this browser has. */

/** A module with one SIMD instruction, and one with a relaxed one; `WebAssembly.validate` says whether they are known. */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const RELAXED_SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
];

export interface BrowserFacts {
  userAgent: string;
  processors: number;
  /** GiB, rounded by the browser; null where it does not tell. */
  memory: number | null;
  /** Cross-origin isolated: threads may share memory. */
  isolated: boolean;
  simd: boolean;
  relaxedSimd: boolean;
  gpu: { adapter: string; half: boolean; software: boolean } | null;
}

interface Adapter {
  info: { vendor: string; architecture: string; description: string; isFallbackAdapter?: boolean };
  features: ReadonlySet<string>;
}

export async function readBrowser(): Promise<BrowserFacts> {
  const { userAgent, hardwareConcurrency, deviceMemory, gpu } = navigator as Navigator & {
    deviceMemory?: number;
    gpu?: { requestAdapter(): Promise<Adapter | null> };
  };
  const adapter = await gpu?.requestAdapter();
  return {
    userAgent,
    processors: hardwareConcurrency,
    memory: deviceMemory ?? null,
    isolated: crossOriginIsolated,
    simd: WebAssembly.validate(Uint8Array.from(SIMD)),
    relaxedSimd: WebAssembly.validate(Uint8Array.from(RELAXED_SIMD)),
    gpu: adapter
      ? {
          adapter: [adapter.info.vendor, adapter.info.architecture, adapter.info.description].filter(Boolean).join(", "),
          half: adapter.features.has("shader-f16"),
          software: adapter.info.isFallbackAdapter ?? false,
        }
      : null,
  };
}
