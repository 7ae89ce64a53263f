/** Small controls that every view uses. */

import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";

import { WarningIcon, InfoIcon } from "./icons";

type ButtonProps = JSX.IntrinsicElements["button"] & {
  kind?: "primary" | "danger" | "plain" | "quiet";
  icon?: ComponentChildren;
  /** Key that presses the button together with Alt. */
  shortcut?: string;
};

export function Button({ kind = "plain", icon, shortcut, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${kind} ${typeof rest.class === "string" ? rest.class : ""}`}
      {...(shortcut ? { "aria-keyshortcuts": `Alt+${shortcut}` } : {})}
    >
      {icon}
      <span>{children}</span>
      {shortcut && <kbd aria-hidden="true">Alt {shortcut}</kbd>}
    </button>
  );
}

/** Do something when Alt and a letter are pressed; nothing while `action` is null. */
export function useShortcut(letter: string, action: (() => void) | null): void {
  // Before the browser paints: whoever sees "Paused" and presses the key means what is on the screen.
  useLayoutEffect(() => {
    if (!action) return undefined;
    const onKey = (event: KeyboardEvent) => {
      // The place of the key, not its character: on some systems Alt changes what is typed.
      if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.code !== `Key${letter}`) return;
      if (event.repeat || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}

interface BannerProps {
  kind: "info" | "warning" | "error";
  children: ComponentChildren;
  /** Buttons. */
  actions?: ComponentChildren;
  testId?: string;
}

/** A message across the page. Errors interrupt a screen reader, all others wait. */
export function Banner({ kind, children, actions, testId }: BannerProps) {
  return (
    <div class={`banner banner-${kind}`} role={kind === "error" ? "alert" : "status"} data-testid={testId}>
      {kind === "info" ? <InfoIcon /> : <WarningIcon />}
      <div class="banner-text">{children}</div>
      {actions && <div class="banner-actions">{actions}</div>}
    </div>
  );
}

interface ProgressProps {
  label: string;
  /** Shown beside the label, such as `2 of 6 sections`. */
  detail?: string | undefined;
  /** Part done, 0.0 to 1.0; unknown when left out. */
  value?: number | undefined;
}

export function Progress({ label, detail, value }: ProgressProps) {
  return (
    <div class="progress" data-testid="progress">
      <div class="progress-words">
        <span>{label}</span>
        {detail && <span class="muted">{detail}</span>}
      </div>
      <progress aria-label={label} max={1} {...(value === undefined ? {} : { value })} />
    </div>
  );
}
