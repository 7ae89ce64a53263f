/** How loud the microphone hears the room. */

import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";

import { useApp } from "../app-context";

/** Bars of the meter, one per tenth of a second. */
const BARS = 64;

export function LevelMeter({ paused }: { paused: boolean }) {
  const { recorder } = useApp();
  const meter = useRef<HTMLDivElement>(null);
  const history = useRef<number[]>(new Array<number>(BARS).fill(0));
  const spokenSecond = useRef(-1);

  // Ten times a second, so past the virtual DOM.
  useSignalEffect(() => {
    const level = recorder.level.value;
    const second = Math.floor(recorder.seconds.value);
    const levels = history.current;
    levels.push(level);
    levels.shift();
    const bars = meter.current?.children;
    if (!bars) return;
    levels.forEach((height, i) => {
      (bars[i] as HTMLElement | undefined)?.style.setProperty("transform", `scaleY(${Math.max(0.06, height)})`);
    });
    // Once a second is enough for those who listen.
    if (second !== spokenSecond.current) {
      spokenSecond.current = second;
      meter.current?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    }
  });

  return (
    <div
      ref={meter}
      class={`level-meter ${paused ? "is-paused" : ""}`}
      role="meter"
      aria-label="Microphone level"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
      data-testid="level"
    >
      {history.current.map((_, i) => (
        <span key={i} />
      ))}
    </div>
  );
}
