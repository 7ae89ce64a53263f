/** One Tab stop for a list of buttons: the arrow keys, Home and End move within it. */

import { useState } from "preact/hooks";

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export interface Roving {
  /** For the element around the list. */
  list: { onKeyDown: (event: KeyboardEvent) => void; onFocusIn: (event: FocusEvent) => void };
  /** For the button with this key. */
  item: (key: string) => { "data-roving": string; tabIndex: 0 | -1 };
}

/** @param keys Of all buttons, in order. */
export function useRoving(keys: string[]): Roving {
  const [last, setLast] = useState<string | null>(null);
  const stop = last !== null && keys.includes(last) ? last : keys[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined || !(event.target instanceof HTMLElement) || !(event.currentTarget instanceof HTMLElement)) return;
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-roving]")];
    const now = items.indexOf(event.target);
    if (now < 0) return;
    event.preventDefault();
    items[Math.min(items.length - 1, Math.max(0, now + step))]?.focus();
  };
  const onFocusIn = (event: FocusEvent) => {
    const key = event.target instanceof HTMLElement ? event.target.dataset["roving"] : undefined;
    if (key !== undefined) setLast(key);
  };
  return { list: { onKeyDown, onFocusIn }, item: (key) => ({ "data-roving": key, tabIndex: key === stop ? 0 : -1 }) };
}

/** Bring the button with this key into sight, with the focus on it. */
export function focusRoving(key: string): void {
  const found = document.querySelector<HTMLElement>(`[data-roving="${CSS.escape(key)}"]`);
  found?.focus({ preventScroll: true });
  found?.scrollIntoView({ block: "center" });
}
