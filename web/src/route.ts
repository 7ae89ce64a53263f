/** Which view the address names: `#/` is the list of visits, `#/visits/<id>` one visit. */

import { signal } from "@preact/signals";

export type Route = { view: "list" } | { view: "visit"; id: string };

export function parseRoute(hash: string): Route {
  const match = /^#\/visits\/([^/]+)$/.exec(hash);
  return match?.[1] ? { view: "visit", id: decodeURIComponent(match[1]) } : { view: "list" };
}

export const visitAddress = (id: string): string => `#/visits/${encodeURIComponent(id)}`;

export const route = signal<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

export function openVisit(id: string): void {
  location.hash = visitAddress(id);
}

export function openList(): void {
  location.hash = "#/";
}
