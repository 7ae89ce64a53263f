/** Signing: who signs, what stands in the way, and why it is signed nevertheless. */

import { signal } from "@preact/signals";

import { RequestError, explain, type SignOverride } from "../api";
import type { Block } from "../types";

/** Sign a version under a name; refused with `RequestError.blocks`. */
export type Sign = (version: number, signer: string, overrides: SignOverride[]) => Promise<unknown>;

export class Signing {
  readonly signer = signal("");
  /** What the box said stands in the way, with the reasons that were not enough. */
  readonly blocks = signal<Block[]>([]);
  /** `blockKey` to why it is signed nevertheless. */
  readonly reasons = signal<ReadonlyMap<string, string>>(new Map());
  readonly busy = signal(false);
  readonly trouble = signal<string | null>(null);

  readonly #sign: Sign;

  constructor(sign: Sign) {
    this.#sign = sign;
  }

  /** Why the note cannot be signed yet as far as the page knows; null if it may be tried. */
  get missing(): string | null {
    if (!this.signer.value.trim()) return "Type your name.";
    if (this.blocks.value.some(({ kind }) => kind === "version")) return "Look at the note as it is now.";
    const open = this.blocks.value.filter((block) => !this.reasonFor(block).trim()).length;
    return open > 0 ? `${open} of ${this.blocks.value.length} without a reason.` : null;
  }

  reasonFor(block: Block): string {
    return this.reasons.value.get(blockKey(block)) ?? "";
  }

  setReason(block: Block, reason: string): void {
    this.reasons.value = new Map(this.reasons.value).set(blockKey(block), reason);
  }

  /**
   * There is another check: what stood in the way may not any more. Reasons stay with the words they were given for.
   * That the note is another one stands in the way until somebody looked at it.
   */
  checkedAgain(): void {
    this.blocks.value = this.blocks.peek().filter(({ kind }) => kind === "version");
    this.trouble.value = null;
  }

  /** The note was looked at as it is now. */
  looked(): void {
    this.blocks.value = this.blocks.value.filter(({ kind }) => kind !== "version");
  }

  /** True once it is signed. */
  async sign(version: number): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    this.trouble.value = null;
    try {
      const overrides = this.blocks.value
        .map((block) => ({ section: block.section, sentence: block.sentence, reason: this.reasonFor(block).trim() }))
        .filter(({ reason }) => reason);
      await this.#sign(version, this.signer.value.trim(), overrides);
      this.blocks.value = [];
      return true;
    } catch (error) {
      this.blocks.value = error instanceof RequestError ? error.blocks : [];
      if (this.blocks.value.length === 0) this.trouble.value = explain(error);
      return false;
    } finally {
      this.busy.value = false;
    }
  }
}

/** A reason counts for these words only: after an edit, another sentence may stand at the same place. */
const blockKey = ({ kind, section, text }: Block): string => `${kind}/${section ?? ""}/${text}`;
