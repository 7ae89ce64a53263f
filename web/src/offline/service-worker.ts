/**
 * Keeps the page and the engines' runtimes on the tablet, so that they load while the box is away.
 *
 * `scripts/precache.py` puts the list of files with their hashes into the built script: another version is another script, with
 * a cache of its own, and takes over when the page is loaded the next time. Only files of that list are ever answered here; what
 * the kiosk says about itself or about visits is not among them.
 */

interface Worker extends EventTarget {
  clients: { claim(): Promise<void>; matchAll(options: { includeUncontrolled: boolean }): Promise<{ url: string }[]> };
  skipWaiting(): Promise<void>;
}

type Waits = Event & { waitUntil(work: Promise<unknown>): void };
type Fetches = Waits & { request: Request; respondWith(response: Promise<Response>): void };

const worker = self as unknown as Worker;
const PREFIX = "chartside-page-";
/** File name to its SHA-256, as subresource integrity writes it; before them, the version. */
const [[, VERSION], ...LISTED] = "__PRECACHE__".split(" ").map((entry) => entry.split("|")) as [[string, string], ...[string, string][]];
const FILES = new Map(LISTED);
const CACHE = PREFIX + VERSION;
const LOOKS = 10;
const LOOK_MS = 200;
/** Large, and of use only with the models: kept once they are used. */
const ENGINE = /^assets\/engine-/;

worker.addEventListener("install", (event) => (event as Waits).waitUntil(install()));
worker.addEventListener("activate", (event) => (event as Waits).waitUntil(activate()));
worker.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<unknown>;
  const { waitUntil } = event as unknown as Waits;
  if (data === "take over") waitUntil.call(event, takeOver());
  else if (data === "keep engines") waitUntil.call(event, keepAll([...FILES.keys()]));
});
worker.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as Fetches;
  const name = nameOf(request.url);
  if (request.method === "GET" && FILES.has(name)) respondWith.call(event, answer(name));
});

async function install(): Promise<void> {
  const engines = await hasEngines();
  await keepAll([...FILES.keys()].filter((name) => engines || !ENGINE.test(name)));
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

/** Become the version in use, if no other tab shows the page: it may load more of the old one. */
async function takeOver(): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const shown = (await worker.clients.matchAll({ includeUncontrolled: true })).filter(({ url }) => FILES.has(nameOf(url)));
    if (shown.length <= 1) return worker.skipWaiting();
    // The page that was there before the one that asks may be on its way out.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function answer(name: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(address(name), { ignoreVary: true })) ?? keep(cache, name);
}

async function keepAll(names: string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const name of names) if (!(await cache.match(address(name), { ignoreVary: true }))) await keep(cache, name);
}

/** Keep a file that is what the list says; a box with another version has another one. */
async function keep(cache: Cache, name: string): Promise<Response> {
  // Names under assets/ carry a hash of the content, so an older version's file is the same.
  const older = name.startsWith("assets/") ? await caches.match(address(name), { ignoreVary: true }) : undefined;
  const integrity = FILES.get(name) ?? "";
  const response = older ?? (await fetch(new Request(address(name), { integrity, cache: "no-cache", credentials: "same-origin" })));
  await cache.put(address(name), response.clone());
  return response;
}

async function hasEngines(): Promise<boolean> {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const kept = await (await caches.open(name)).keys();
    if (kept.some(({ url }) => ENGINE.test(new URL(url).pathname.slice(1)))) return true;
  }
  return false;
}

/** What the list calls the file at an address. */
function nameOf(url: string): string {
  const { origin, pathname } = new URL(url);
  if (origin !== location.origin) return "";
  return pathname === "/" ? "index.html" : pathname.slice(1);
}

const address = (name: string): string => (name === "index.html" ? "/" : `/${name}`);
