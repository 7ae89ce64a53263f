import { beforeEach, expect, test } from "vitest";

import { RequestError, type SignOverride } from "../src/api";
import { Signing } from "../src/review/signing";
import type { Block } from "../src/types";

const wrong: Block = { kind: "contradicted", section: "plan", sentence: 0, text: "40 mg." };

let asked: { version: number; signer: string; overrides: SignOverride[] }[];
let blocks: Block[];
let signing: Signing;

beforeEach(() => {
  asked = [];
  blocks = [];
  signing = new Signing(async (version, signer, overrides) => {
    asked.push({ version, signer, overrides });
    if (blocks.length > 0) throw new RequestError(409, { title: "", detail: "blocked", hint: "", blocks });
  });
});

test("needs a name, and a reason for each thing in the way", async () => {
  expect(signing.missing).toBe("Type your name.");
  signing.signer.value = " Dr. A ";
  expect(signing.missing).toBeNull();
  blocks = [wrong];
  expect(await signing.sign(3)).toBe(false);
  expect([signing.blocks.value, signing.missing, signing.trouble.value]).toEqual([[wrong], "1 of 1 without a reason.", null]);
  signing.setReason(wrong, " ");
  expect(signing.missing).not.toBeNull();
  signing.setReason(wrong, "Agreed.");
  blocks = [];
  expect(await signing.sign(3)).toBe(true);
  expect(asked.at(-1)).toEqual({ version: 3, signer: "Dr. A", overrides: [{ section: "plan", sentence: 0, reason: "Agreed." }] });
});

test("a reason stays with its words, and is not taken for another sentence at the same place", async () => {
  signing.signer.value = "Dr. A";
  signing.setReason(wrong, "Agreed.");
  signing.checkedAgain();
  blocks = [{ ...wrong, text: "80 mg." }];
  await signing.sign(4);
  expect(signing.missing).toBe("1 of 1 without a reason.");
  blocks = [{ ...wrong, sentence: 2 }];
  await signing.sign(4);
  expect(signing.missing).toBeNull();
});

test("a note that changed must be looked at, whatever reasons there are", async () => {
  signing.signer.value = "Dr. A";
  blocks = [{ kind: "version", section: null, sentence: null, text: "" }];
  await signing.sign(3);
  expect(signing.missing).toBe("Look at the note as it is now.");
  signing.checkedAgain();
  expect(signing.missing).toBe("Look at the note as it is now.");
  signing.looked();
  expect(signing.missing).toBeNull();
});

test("other trouble is told in words", async () => {
  const broken = new Signing(async () => {
    throw new RequestError(0, { title: "", detail: "No box.", hint: "Check it." });
  });
  broken.signer.value = "Dr. A";
  expect(await broken.sign(1)).toBe(false);
  expect(broken.trouble.value).toBe("No box. Check it.");
});
