/** The note as lines to review: each sentence with its state, its evidence, and the turns it rests on. Pure. */

import type { Check, CheckedSentence, CheckState, Section } from "../types";

/** `unchecked`: the check of these words is pending. `silent`: says nothing that could be checked. */
export type LineState = CheckState | "unchecked" | "silent";

export interface Line {
  /** The same for the same words at the same place, in every version. */
  key: string;
  section: string;
  text: string;
  /** Where it starts in the section's text. */
  offset: number;
  state: LineState;
  /** Position in the section's sentences of the check; null if it is not there. */
  sentence: number | null;
  /** Positions, from 0, of the turns it rests on. */
  turns: number[];
  reasons: string[];
}

export interface ReviewedSection extends Section {
  lines: Line[];
}

/**
 * The sections, cut into lines.
 *
 * @param check The last check that came.
 * @param pending Whether it is older than the note: then what it does not know is unchecked, not silent.
 */
export function reviewed(sections: Section[], check: Check | null, pending: boolean): ReviewedSection[] {
  return sections.map((section) => {
    const checked = check?.sections.find(({ name }) => name === section.name)?.sentences;
    return { ...section, lines: linesOf(section, checked, pending || !checked) };
  });
}

function linesOf(section: Section, checked: CheckedSentence[] | undefined, pending: boolean): Line[] {
  const written = new Map(section.sentences.map((sentence) => [sentence.text, sentence.turns]));
  const seen = new Map<string, number>();
  return cut(section.text, (checked ?? section.sentences).map(({ text }) => text)).map(({ text, offset, at }) => {
    const nth = seen.get(text) ?? 0;
    seen.set(text, nth + 1);
    const place = { key: `${section.name}/${nth}/${text}`, section: section.name, text, offset };
    const found = at === null ? undefined : checked?.[at];
    if (found) return { ...place, state: found.state, sentence: at, turns: found.turns, reasons: found.reasons };
    const state = pending && text !== NOT_DISCUSSED ? "unchecked" : "silent";
    return { ...place, state, sentence: null, turns: written.get(text) ?? [], reasons: [] };
  });
}

/** What stands in a section of which nothing was said, as in appliance/clinical_note.py. */
const NOT_DISCUSSED = "Not discussed.";

interface Piece {
  text: string;
  offset: number;
  /** Position in `sentences`; null for what stands between them. */
  at: number | null;
}

/** Cut a text at sentences that it holds, in order. Sentences that are not there are passed over. */
export function cut(text: string, sentences: string[]): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  const between = (stop: number) => {
    for (const found of text.slice(end, stop).matchAll(/\S(?:.*\S)?/g)) {
      pieces.push({ text: found[0], offset: end + found.index, at: null });
    }
  };
  sentences.forEach((sentence, at) => {
    const offset = sentence ? text.indexOf(sentence, end) : -1;
    if (offset < 0) return;
    between(offset);
    pieces.push({ text: sentence, offset, at });
    end = offset + sentence.length;
  });
  between(text.length);
  return pieces;
}

/** A section's text with one more sentence at its end. */
export function withSentence(text: string, sentence: string): string {
  const before = text.trim();
  if (!before || before === NOT_DISCUSSED) return sentence;
  return `${before}${/[.!?]$/.test(before) ? "" : "."} ${sentence}`;
}

/** Lines that a clinician should look at, worst first, otherwise in the order of the note. */
export function doubtful(sections: ReviewedSection[]): Line[] {
  const lines = sections.flatMap((section) => section.lines);
  return DOUBTS.flatMap((state) => lines.filter((line) => line.state === state));
}

const DOUBTS: LineState[] = ["contradicted", "unsupported", "inferred"];

/** Keys of the lines that rest on a turn. */
export function restingOn(sections: ReviewedSection[], turn: number): string[] {
  return sections.flatMap(({ lines }) => lines.filter(({ turns }) => turns.includes(turn)).map(({ key }) => key));
}
