/** What all views share. */

import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { getStatus } from "./api";
import type { Recorder } from "./recording/recorder";
import type { Status } from "./types";
import type { Uploads } from "./upload/uploads";

/** How often the box is asked how it is. */
const STATUS_MS = 10_000;

export interface App {
  uploads: Uploads;
  recorder: Recorder;
  box: BoxStatus;
  /** What a screen reader says next. */
  spoken: Signal<string>;
}

const AppContext = createContext<App | null>(null);

export const AppProvider = AppContext.Provider;

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp needs an AppProvider around it.");
  return app;
}

/** How the box is: asked again and again while the page is seen. */
export class BoxStatus {
  readonly status = signal<Status | null>(null);
  readonly reachable = signal(true);

  watch(): void {
    void this.refresh();
    setInterval(() => {
      if (document.visibilityState === "visible") void this.refresh();
    }, STATUS_MS);
    addEventListener("online", () => void this.refresh());
    addEventListener("offline", () => {
      this.reachable.value = false;
    });
  }

  async refresh(): Promise<void> {
    try {
      this.status.value = await getStatus();
      this.reachable.value = true;
    } catch {
      this.reachable.value = false;
    }
  }

  /** Title of a template, or its name while the box does not tell. */
  templateTitle(name: string): string {
    return this.status.value?.templates.find((template) => template.name === name)?.title ?? name;
  }
}
