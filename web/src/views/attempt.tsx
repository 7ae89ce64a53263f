/** Requests that may fail: why the last one did, in words. */

import { useState } from "preact/hooks";

import { explain } from "../api";

interface Attempts {
  /** Why the last request failed; null if it did not. */
  trouble: string | null;
  /** A request is under way. */
  busy: boolean;
  attempt: (request: Promise<unknown>) => void;
}

export function useAttempts(): Attempts {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = (request: Promise<unknown>) => {
    setTrouble(null);
    setBusy(true);
    void request.catch((error: unknown) => setTrouble(explain(error))).finally(() => setBusy(false));
  };
  return { trouble, busy, attempt };
}

export function Trouble({ words }: { words: string | null }) {
  if (!words) return null;
  return (
    <p class="trouble" role="alert">
      {words}
    </p>
  );
}
