/** What all views share. */

import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { getStatus, RequestError } from "./api";
import { recall, remember } from "./offline/known";
import type { Offline } from "./offline/offline";
import type { Placement } from "./placement/placement";
import type { Recorder } from "./recording/recorder";
import type { Status } from "./types";
import type { Uploads } from "./upload/uploads";

/** How often the box is asked how it is. */
const STATUS_MS = 10_000;

export interface App {
  uploads: Uploads;
  recorder: Recorder;
  box: BoxStatus;
  offline: Offline;
  placement: Placement;
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
  /** False once the box said that it does not know this tablet, or not any more. */
  readonly paired = signal(true);

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
      void remember("status", this.status.value);
    } catch (error) {
      this.reachable.value = false;
      if (error instanceof RequestError && error.status === 401) this.paired.value = false;
      // What kinds of notes there are is needed without the box too.
      this.status.value ??= (await recall<Status>("status")) ?? null;
    }
  }

  /** Title of a template, or its name while the box does not tell. */
  templateTitle(name: string): string {
    return this.status.value?.templates.find((template) => template.name === name)?.title ?? name;
  }
}
