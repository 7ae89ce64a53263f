/** A modal dialog. It gives the focus back to where it was when it goes. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface DialogProps {
  title: ComponentChildren;
  testId: string;
  onClose: () => void;
  /** Room for text to read. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, testId, onClose, wide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} class={`dialog ${wide ? "is-wide" : ""}`} aria-labelledby={id} data-testid={testId} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
