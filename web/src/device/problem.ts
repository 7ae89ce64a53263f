/** Errors of the note engine, in one sentence with a hint. */

import type { ProblemDocument } from "../types";

export class DeviceError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "DeviceError";
    this.hint = hint;
  }
}

/** Any error as a problem document. */
export function toProblem(error: unknown): ProblemDocument {
  const title = "The note engine of this tablet could not do that";
  if (error instanceof DeviceError) return { title, detail: error.message, hint: error.hint };
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return { title, detail: "This tablet has no room left for the models.", hint: "Free some storage, or use the box." };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { title, detail: detail.slice(0, 300), hint: "Reload the page, or use the box." };
}
