/** What is heard, and the keys for what is looked at. Shows nothing. */

import { useEffect, useRef } from "preact/hooks";

import { isWritable, type Review } from "../review/review";
import { useShortcut } from "./controls";

export function ReviewKeys({ review }: { review: Review }) {
  const sound = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    review.player.attach(sound.current);
    return () => review.player.attach(null);
  }, [review]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) review.select(null);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [review]);
  const at = review.selection.value;
  const turns = at?.kind === "turn" ? [at.n] : [...review.sources.value];
  const line = at?.kind === "line" ? review.line(at.key) : undefined;
  const { encounter } = review.live.state.value;
  useShortcut("H", turns.length > 0 ? () => review.hear(turns) : null);
  useShortcut("E", line && encounter && isWritable(encounter, line.section) ? () => review.edit(line.section) : null);
  return <audio ref={sound} data-testid="sound" />;
}
