/**
 * Keeps the page and the engines' runtimes on the tablet, so that they load while the box is away.
 *
 * `files.json`, which `scripts/precache.py` writes, lists the files of a version of the page with their hashes. Each version that is
 * kept has a cache of its own, into which that list goes last: from then on pages that are loaded are of this version. A page that
 * is open stays with its own. This script is the same for all versions and never takes a page over from its predecessor: in
 * Chromium, a page that asks for something at that moment can hang at its next load. What the kiosk says about itself or about
 * visits is never answered here.
 */

interface Client {
  id: string;
}

interface Worker extends EventTarget {
  clients: { claim(): Promise<void>; matchAll(options: { includeUncontrolled: boolean; type: "window" }): Promise<Client[]> };
}

type Waits = Event & { waitUntil(work: Promise<unknown>): void };
type Fetches = Waits & { request: Request; clientId: string; resultingClientId: string; respondWith(response: Promise<Response>): void };

/** `files.json`: the name of each file, and its SHA-256 as subresource integrity writes it. */
interface Listing {
  version: string;
  files: Record<string, string>;
}

const worker = self as unknown as Worker;
const PREFIX = "chartside-page-";
const LISTING = "/files.json";
const INDEX = "index.html";
/** What can be a file of the page; whether it is one, the lists say. */
const FILE = /^\/$|^\/assets\/|^\/[^/]+\.\w+$/;
/** Large, and of use only with the models: kept once they are used. */
const ENGINE = /^assets\/engine-/;

/** Versions that are kept with all their files, newest first; null until somebody asks. */
let kept: Promise<Listing[]> | null = null;
/** Page to the version that it was loaded from, as far as this life of the worker knows. */
const loaded = new Map<string, string>();
let working: Promise<void> = Promise.resolve();

worker.addEventListener("install", (event) => (event as Waits).waitUntil(keepNewest()));
worker.addEventListener("activate", (event) => (event as Waits).waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => {
  const { data, waitUntil } = event as MessageEvent<unknown> & Waits;
  const work = data === "look" ? look : data === "keep engines" ? keepEngines : null;
  // One after another: two tabs may ask at the same time.
  if (!work) return;
  working = working.then(work).catch((error: unknown) => console.warn(error));
  waitUntil.call(event, working);
});
worker.addEventListener("fetch", (event) => {
  const fetches = event as Fetches;
  const { origin, pathname } = new URL(fetches.request.url);
  if (fetches.request.method !== "GET" || origin !== location.origin || !FILE.test(pathname)) return;
  fetches.respondWith(answer(fetches, pathname === "/" ? INDEX : pathname.slice(1)));
});

async function answer({ request, clientId, resultingClientId }: Fetches, name: string): Promise<Response> {
  const newestFirst = await versions();
  if (request.mode === "navigate" && name === INDEX && newestFirst[0]) loaded.set(resultingClientId, newestFirst[0].version);
  const own = loaded.get(request.mode === "navigate" ? resultingClientId : clientId);
  const ownFirst = [...newestFirst].sort((a, b) => Number(b.version === own) - Number(a.version === own));
  for (const { version } of ownFirst) {
    const found = await match(version, name);
    if (found) return found;
  }
  const listing = ownFirst.find(({ files }) => name in files);
  return listing ? keep(listing, name) : fetch(request);
}

/** Keep the version that the box has now, and nothing that no page needs any more. */
async function look(): Promise<void> {
  await keepNewest().catch((error: unknown) => console.warn("The newest page is not kept:", error));
  const [newest] = await versions();
  const pages = await worker.clients.matchAll({ includeUncontrolled: true, type: "window" });
  if (!newest || pages.some(({ id }) => loaded.get(id) !== newest.version)) return;
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== PREFIX + newest.version) await caches.delete(name);
  kept = null;
}

/** @throws TypeError The box is away, or the files are not those of the list: the box may be changing them. */
async function keepNewest(): Promise<void> {
  const response = await fetch(LISTING, { cache: "no-cache", credentials: "same-origin" });
  if (!response.ok) throw new TypeError(`The box has no list of the page's files: ${response.status}`);
  const listing = (await response.clone().json()) as Listing;
  const [newest] = await versions();
  if (newest?.version === listing.version) return;
  const name = PREFIX + listing.version;
  // Caches are told by age: one that others have followed begins anew, and is the newest then.
  const last = (await caches.keys()).filter((other) => other.startsWith(PREFIX)).at(-1);
  if (last !== name) await caches.delete(name);
  const engines = await hasEngines();
  await keepAll(listing, (file) => engines || !ENGINE.test(file));
  await (await caches.open(name)).put(LISTING, response);
  kept = null;
}

async function keepEngines(): Promise<void> {
  const [newest] = await versions();
  if (newest) await keepAll(newest, () => true);
}

async function keepAll(listing: Listing, wanted: (name: string) => boolean): Promise<void> {
  for (const name of Object.keys(listing.files)) if (wanted(name) && !(await match(listing.version, name))) await keep(listing, name);
}

/** Keep a file that is what the list says; a box with another version has another one. */
async function keep({ version, files }: Listing, name: string): Promise<Response> {
  // Names under assets/ carry a hash of the content, so another version's file is the same.
  const other = name.startsWith("assets/") ? await caches.match(address(name), { ignoreVary: true }) : undefined;
  const request = new Request(address(name), { integrity: files[name] ?? "", cache: "no-cache", credentials: "same-origin" });
  const response = other ?? (await fetch(request));
  await (await caches.open(PREFIX + version)).put(address(name), response.clone());
  return response;
}

async function match(version: string, name: string): Promise<Response | undefined> {
  return (await caches.open(PREFIX + version)).match(address(name), { ignoreVary: true });
}

function versions(): Promise<Listing[]> {
  return (kept ??= readVersions());
}

async function readVersions(): Promise<Listing[]> {
  const found: Listing[] = [];
  for (const name of await caches.keys()) {
    const listing = name.startsWith(PREFIX) ? await (await caches.open(name)).match(LISTING) : undefined;
    if (listing) found.unshift((await listing.json()) as Listing);
  }
  return found;
}

async function hasEngines(): Promise<boolean> {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const files = await (await caches.open(name)).keys();
    if (files.some(({ url }) => ENGINE.test(new URL(url).pathname.slice(1)))) return true;
  }
  return false;
}

const address = (name: string): string => (name === INDEX ? "/" : `/${name}`);
