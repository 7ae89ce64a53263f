/** Has the page and the engines' runtimes kept on this tablet by the service worker. */

/**
 * Start the service worker. Browsers have none without TLS, or where the tablet does not trust the box's certificate: the page
 * then works while the box is there.
 */
export async function keepPage(): Promise<void> {
  try {
    await navigator.serviceWorker?.register("/sw.js", { updateViaCache: "none" });
    await keepEngines();
  } catch (error) {
    console.warn("This tablet does not keep the page:", error);
  }
}

/** Have the box's version of the page kept, for the next time it is loaded; what is open stays as it is. */
export async function lookForNewVersion(): Promise<void> {
  (await navigator.serviceWorker?.ready)?.active?.postMessage("look");
}

let asked = false;

/** Have the runtimes kept once the tablet has models for them. */
export async function keepEngines(): Promise<void> {
  if (asked || !navigator.serviceWorker || !(await hasModels())) return;
  const { active } = await navigator.serviceWorker.ready;
  asked = true;
  active?.postMessage("keep engines");
}

/** Take everything back, for a tablet that is not paired any more. */
export async function forgetPage(): Promise<void> {
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) await registration.unregister();
  for (const name of await caches.keys()) await caches.delete(name);
}

async function hasModels(): Promise<boolean> {
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) if (name === "models") return true;
  return false;
}
