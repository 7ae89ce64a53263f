"""A tablet that keeps the page and works while the box is switched off."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from offline_box import OfflineBox
from page_driver import PageDriver, chromium_path, new_context
from playwright.sync_api import Browser, Page
from scripted_engines import NOTE, RULES, SPEECH

from appliance.kiosk.page import PAGE_DIR

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import precache

KEPT: Final = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"
"""Whether the tablet keeps the page by now."""
RUNTIME: Final = """caches.keys().then((names) => Promise.all(names.map(async (name) => (await caches.open(name)).keys())))
  .then((kept) => kept.flat().find(({ url }) => url.endsWith("/python_stdlib.zip")))"""
"""What Python needs, as the tablet keeps it: the last of the files that the engines run on."""
_CHECK: Final = """
answers.check = ({ body }) => {
  const { sections, turns } = JSON.parse(body);
  const reasons = ["Checked on the tablet."];
  const missed = turns.filter(({ text }) => !sections.some((section) => section.text.includes(text)));
  return {
    sections: sections.map(({ name, text }) => ({
      name, sentences: [{ text, state: "inferred", severity: "minor", turns: [0], reasons }],
    })),
    omissions: missed.map(({ text }) => ({ kind: "medication", text, section: "plan", turns: [0], severity: "major" })),
  };
};
"""
"""Misses what the box's scripted check misses."""
FOUND: Final = """async () => {
  const found = {};
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve) => { indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result); });
    for (const store of db.objectStoreNames) {
      found[`${name}/${store}`] = await new Promise((resolve) => {
        db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => resolve(target.result);
      });
    }
    db.close();
  }
  const text = (value) => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder("latin1").decode(value);
    if (value instanceof CryptoKey) return `key, ${value.extractable ? "" : "not "}extractable`;
    return value && typeof value === "object" ? Object.values(value).map(text).join(" ") : String(value);
  };
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, values.map(text)]));
}"""
"""Everything in the tablet's databases, as text."""


def copy_page(directory: Path) -> Path:
    """A copy of the page that a test may change; the test is skipped where there is no page or no browser."""
    if chromium_path() is None:
        pytest.skip("no Chromium is installed")
    if not (PAGE_DIR / "index.html").exists():
        pytest.skip("the page is not built: run `make page`")
    return Path(shutil.copytree(PAGE_DIR, directory / "page"))


def script_page(page: Path, speech: str = SPEECH) -> None:
    """Have the engines of a copied page answer at once.

    Args:
        page: From `copy_page`.
        speech: The speech engine's script.
    """
    _worker(page, "speech-worker").write_text(speech)
    (engines,) = page.glob("assets/engine-*")
    # What keeps the runtimes on the tablet.
    named = f"// /assets/{engines.name}/\n"
    _worker(page, "worker").write_text(NOTE + RULES + _CHECK + named)
    list_files(page)


def script_models(page: Path, speech: str) -> None:
    """Have only what needs a model answer at once: the rules are the box's own Python."""
    _worker(page, "speech-worker").write_text(speech)
    worker = _worker(page, "worker")
    # The sections of the scripted note are those of a real template under another name.
    note = NOTE.replace("data: { template,", 'data: { template: "soap",')
    worker.write_text(f"{{{note}}}{worker.read_text()}")
    list_files(page)


def keep_engines(tablet: PageDriver) -> None:
    """Have the tablet keep the engines' runtimes, as one does that has models."""
    tablet.page.evaluate("navigator.storage.getDirectory().then((root) => root.getDirectoryHandle('models', { create: true }))")
    tablet.page.reload()
    wait_for(lambda: tablet.page.evaluate(f"{RUNTIME}.then((found) => found !== undefined)"), tablet.page)


def _worker(page: Path, name: str) -> Path:
    (file,) = (page / "assets").glob(f"{name}-*.js")
    return file


def list_files(page: Path) -> None:
    """Write the list of the files to keep anew, after the page was changed."""
    precache.fill(page)


@contextlib.contextmanager
def keeping_tablet(browser: Browser, box: OfflineBox) -> Iterator[PageDriver]:
    """A tablet that keeps the page of a box; what must always hold is checked at the end."""
    with contextlib.closing(new_context(browser, box.origin, service_worker=True)) as context:
        driver = PageDriver(context.new_page(), box.origin)
        # The browser's own words when nothing answers.
        driver.expected_errors |= {"Failed to load resource", "net::ERR"}
        driver.open()
        driver.find("start").wait_for()
        wait_for(lambda: driver.page.evaluate(KEPT), driver.page)
        yield driver
        driver.check()


def stored(page: Page, name: str) -> list[str]:
    """What a store of the tablet's databases holds, such as `chartside/chunks`."""
    found: dict[str, list[str]] = page.evaluate(FOUND)
    return found.get(name, [])


def wait_for(condition: Callable[[], Any], page: Page) -> Any:
    """Wait until something holds, and return it."""
    for _ in range(600):
        if found := condition():
            return found
        page.wait_for_timeout(100)
    raise AssertionError("waited in vain")


def assert_nothing_is_left(tablet: PageDriver) -> None:
    """No visit and no audio is on the tablet any more."""
    wait_for(lambda: not stored(tablet.page, "chartside/recordings"), tablet.page)
    for store in ("chartside-visits/visits", "chartside/chunks", "chartside/kept", "chartside/seen"):
        assert stored(tablet.page, store) == []
