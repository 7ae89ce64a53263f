"""Visits without the box: the page loads, records, keeps what it has encrypted, and brings it to the box when that is back."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import decode_audio
from offline_box import OfflineBox
from offline_tablet import (
    FOUND,
    KEPT,
    RUNTIME,
    assert_nothing_is_left,
    copy_page,
    keeping_tablet,
    list_files,
    script_page,
    stored,
    wait_for,
)
from page_driver import MICROPHONE_RATE, PageDriver, chromium, new_context, write_microphone
from playwright.sync_api import Browser, Page, Playwright, expect
from sample_visits import sample_visits
from scripted_engines import REPORT

from appliance.runtime.bundle import Bundle

pytestmark = pytest.mark.browser

PATIENCE_MS = 600_000


LOAD = """async (script) => {
  const worker = new Worker(script, { type: "module" });
  const answer = await new Promise((resolve) => {
    worker.onmessage = ({ data }) => { if (data.kind === "answer" || data.kind === "problem") resolve(data); };
    worker.postMessage({ id: 1, question: { ask: "load", backend: "wasm", threads: 1 } });
  });
  worker.terminate();
  return answer.problem?.detail ?? "";
}"""
"""Have an engine fetch its models, as the first visit on this tablet does."""
SECONDS = 30
LISTED = """caches.keys().then(async (names) =>
  (await Promise.all(names.map(async (name) => (await caches.open(name)).match("/files.json")))).filter(Boolean))"""
"""One of each version of the page that is kept with all its files."""


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    """A copy of the page."""
    return copy_page(tmp_path)


@pytest.fixture
def box(page_dir: Path) -> Iterator[OfflineBox]:
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(OfflineBox(Path(directory), page_dir)) as box:
        yield box


@pytest.fixture
def scripted(page_dir: Path) -> None:
    script_page(page_dir)


@pytest.fixture
def tablet(box: OfflineBox, browser: Browser) -> Iterator[PageDriver]:
    with keeping_tablet(browser, box) as tablet:
        yield tablet


def renew(page: Path) -> None:
    """Make the page another version of itself."""
    changes = ("index.html", "<title>", '<meta name="newer" /><title>'), ("icon.svg", "<svg ", '<svg id="newer" ')
    for name, old, new in changes:
        (page / name).write_text((page / name).read_text("utf-8").replace(old, new))
    list_files(page)


def beside_a_newer_version(tablet: PageDriver, page: Path) -> Page:
    """A second tab; both show the version that was there before the page was renewed, and the newer one is kept by now."""
    tablet.page.reload()
    tablet.find("start").wait_for()
    renew(page)
    other = tablet.page.context.new_page()
    other.goto(tablet.page.url)
    wait_for(lambda: len(tablet.page.evaluate(LISTED)) == 2, tablet.page)
    return other


def record(tablet: PageDriver, seconds: int) -> str:
    """Record a visit and end it."""
    visit = tablet.start_visit()
    tablet.page.wait_for_function(
        "wanted => document.querySelector('[data-testid=recorded]')?.textContent >= wanted", arg=f"0:{seconds:02}"
    )
    tablet.finish()
    return visit


def rename(tablet: PageDriver, title: str) -> None:
    """Change the title, and wait until the tablet has kept it."""
    tablet.rename(title)
    wait_for(lambda: tablet.page.evaluate("document.title").startswith(title), tablet.page)


def test_a_visit_is_recorded_while_the_box_is_away_and_goes_there_when_it_is_back(tablet: PageDriver, box: OfflineBox) -> None:
    box.switch_off()
    tablet.page.reload()
    assert tablet.page.evaluate("crossOriginIsolated")
    expect(tablet.find("start-here")).to_contain_text("The box is away.")
    visit = record(tablet, 3)
    expect(tablet.find("unsent")).to_contain_text("On this tablet, not yet on the box.")
    rename(tablet, "Anna Berg, knee")
    # It is there after a reload, and in the list.
    tablet.page.reload()
    expect(tablet.find("unsent")).to_contain_text("On this tablet, not yet on the box.")
    tablet.open()
    row = tablet.page.locator(f"[data-testid=visit-row][data-id='{visit}']")
    expect(row.get_by_test_id("unsent")).to_have_text("On this tablet, not yet on the box")
    expect(row).to_contain_text("Anna Berg, knee")
    box.switch_on()
    expect(row.get_by_test_id("unsent")).to_have_count(0)
    document = wait_for(lambda: finished(box, visit), tablet.page)
    assert document["title"] == "Anna Berg, knee"
    assert document["missing"] == []
    assert document["duration"] >= 3
    assert document["transcript"]["gaps"] == []
    assert_nothing_is_left(tablet)


def test_a_box_that_answers_nothing_is_a_box_that_is_away(tablet: PageDriver, box: OfflineBox) -> None:
    with box.frozen():
        tablet.page.reload()
        expect(tablet.find("start-here")).to_contain_text("The box is away.")
        visit = record(tablet, 3)
        expect(tablet.find("unsent")).to_contain_text("On this tablet, not yet on the box.")
    expect(tablet.find("unsent")).to_have_count(0)
    document = wait_for(lambda: finished(box, visit), tablet.page)
    assert document["missing"] == []
    assert document["duration"] >= 3
    assert_nothing_is_left(tablet)


def finished(box: OfflineBox, visit: str) -> Any:
    document = box.api("GET", f"/encounters/{visit}").json()
    return document if document.get("state") == "draft" else None


@pytest.mark.usefixtures("scripted")
def test_a_visit_is_heard_written_and_edited_without_the_box(tablet: PageDriver, box: OfflineBox) -> None:
    tablet.page.context.add_init_script(REPORT)
    box.switch_off()
    tablet.page.reload()
    visit = tablet.start_visit()
    turns = tablet.wait_for_turns(2)
    tablet.finish()
    written = tablet.wait_for_note()
    turns = tablet.turns()
    assert written["plan"] == " | ".join(turns)
    expect(tablet.find("check-state")).to_have_attribute("data-state", "checked")
    expect(tablet.find("sign")).to_have_count(0)
    tablet.edit("plan", "Rest for a week.")
    assert "Rest for a week." in tablet.copy_note()
    # A turn can be heard from the tablet's own audio.
    tablet.find("turn-button").first.click()
    tablet.find("hear").first.click()
    expect(tablet.find("hear").first).to_have_attribute("aria-pressed", "true")
    # All of it is there in the next life of the page, and it is not written again.
    tablet.page.reload()
    assert tablet.wait_for_note()["plan"] == "Rest for a week."
    assert tablet.turns() == turns
    tablet.page.wait_for_timeout(3_000)
    assert tablet.text_of("plan") == "Rest for a week."
    box.switch_on()
    expect(tablet.find("unsent")).to_have_count(0)
    expect(tablet.find("sign")).to_be_visible()
    document = box.api("GET", f"/encounters/{visit}").json()
    assert [turn["text"] for turn in document["transcript"]["turns"]] == turns
    assert (document["state"], document["missing"], document["transcript"]["gaps"]) == ("draft", [], [])
    versions = box.api("GET", f"/encounters/{visit}/note/versions").json()
    assert [version["author"] for version in versions] == ["model", "clinician"]
    assert {section["name"]: section["text"] for section in document["note"]["sections"]}["plan"] == "Rest for a week."
    assert_nothing_is_left(tablet)


def test_what_the_tablet_keeps_is_encrypted(tablet: PageDriver, box: OfflineBox) -> None:
    box.switch_off()
    visit = record(tablet, 2)
    rename(tablet, "Anna Berg, knee")
    found = tablet.page.evaluate(FOUND)
    assert visit in "".join(found["chartside-visits/visits"])
    assert len(found["chartside/chunks"]) >= 4
    assert found["chartside-keys/keys"][0].split(" ", 1)[1].startswith("key, not extractable")
    everything = "".join(text for texts in found.values() for text in texts)
    assert "Anna" not in everything
    # Sound has a pattern: a tone repeats itself, what is encrypted does not.
    audio = "".join(found["chartside/chunks"]).encode("latin1", "replace")
    assert len({audio[n : n + 4] for n in range(0, len(audio), 4)}) > 0.9 * len(audio) / 4


def test_a_visit_is_deleted_while_the_box_is_away(tablet: PageDriver, box: OfflineBox) -> None:
    box.switch_off()
    visit = record(tablet, 2)
    tablet.delete()
    expect(tablet.find("visit-row")).to_have_count(0)
    box.switch_on()
    wait_for(lambda: not stored(tablet.page, "chartside-visits/visits"), tablet.page)
    assert box.api("GET", f"/encounters/{visit}").status_code == 404


def test_a_recording_goes_on_when_the_box_comes_back(tablet: PageDriver, box: OfflineBox) -> None:
    box.switch_off()
    visit = tablet.start_visit()
    tablet.find("unsent").wait_for()
    box.switch_on()
    expect(tablet.find("unsent")).to_have_count(0)
    tablet.wait_for_turns(2)
    tablet.finish()
    tablet.wait_for_note()
    document = box.api("GET", f"/encounters/{visit}").json()
    assert (document["missing"], document["transcript"]["gaps"]) == ([], [])
    turns = [turn["text"] for turn in document["transcript"]["turns"]]
    assert len(turns) == len(set(turns))


def test_a_new_version_is_taken_at_the_next_load_and_never_mixed(tablet: PageDriver, box: OfflineBox, page_dir: Path) -> None:
    shown = """async () => [document.querySelector("meta[name=newer]") !== null,
      (await (await fetch("/")).text()).includes("newer"), (await (await fetch("/icon.svg")).text()).includes("newer")]"""
    # A page that was loaded before there was a service worker is of no version that this one knows.
    tablet.page.reload()
    tablet.find("start").wait_for()
    renew(page_dir)
    box.switch_off()
    tablet.page.evaluate("dispatchEvent(new Event('offline'))")
    box.switch_on()
    tablet.page.evaluate("dispatchEvent(new Event('online'))")
    wait_for(lambda: len(tablet.page.evaluate(LISTED)) == 2, tablet.page)
    assert tablet.page.evaluate(shown) == [False, False, False]
    tablet.page.reload()
    tablet.find("start").wait_for()
    assert tablet.page.evaluate(shown) == [True, True, True]
    assert tablet.page.evaluate("crossOriginIsolated")
    wait_for(lambda: len(tablet.page.evaluate("caches.keys()")) == 1, tablet.page)
    box.switch_off()
    tablet.page.reload()
    tablet.find("start").wait_for()
    assert tablet.page.evaluate(shown) == [True, True, True]


def test_a_version_stays_while_another_tab_shows_it(tablet: PageDriver, page_dir: Path) -> None:
    other = beside_a_newer_version(tablet, page_dir)
    other.reload()
    other.get_by_test_id("start").wait_for()
    other.wait_for_timeout(1_000)
    assert len(tablet.page.evaluate("caches.keys()")) == 2
    tablet.page.reload()
    wait_for(lambda: len(tablet.page.evaluate("caches.keys()")) == 1, tablet.page)


def test_going_back_to_an_earlier_version_is_a_new_version_too(tablet: PageDriver, page_dir: Path) -> None:
    earlier = {name: (page_dir / name).read_text("utf-8") for name in ("index.html", "icon.svg")}
    # The tab that stays keeps both versions.
    other = beside_a_newer_version(tablet, page_dir)
    for name, text in earlier.items():
        (page_dir / name).write_text(text)
    list_files(page_dir)
    newer = "document.querySelector('meta[name=newer]') !== null"
    other.reload()
    other.get_by_test_id("start").wait_for()
    assert other.evaluate(newer)
    wait_for(lambda: (other.reload(), other.evaluate(newer))[1] is False, other)


def test_a_half_written_page_is_not_kept(tablet: PageDriver, page_dir: Path) -> None:
    """The list is of a version whose files are not all there yet."""
    (page_dir / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    list_files(page_dir)
    (page_dir / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" id="other"/>')
    tablet.expected_errors.add("integrity")
    tablet.page.reload()
    tablet.find("start").wait_for()
    tablet.page.wait_for_timeout(1_500)
    assert len(tablet.page.evaluate(LISTED)) == 1
    assert 'id="other"' not in tablet.page.evaluate("fetch('/icon.svg').then((response) => response.text())")
    # Once they are, it is.
    list_files(page_dir)
    tablet.page.reload()
    wait_for(lambda: len(tablet.page.evaluate(LISTED)) == 2, tablet.page)
    tablet.page.reload()
    assert 'id="other"' in tablet.page.evaluate("fetch('/icon.svg').then((response) => response.text())")


def test_nothing_about_visits_is_in_the_caches(tablet: PageDriver) -> None:
    record(tablet, 2)
    tablet.wait_for_note()
    kept = tablet.page.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys())"
        ".map(({ url }) => new URL(url).pathname)))).flat()"
    )
    assert "/" in kept
    assert not [path for path in kept if path.startswith("/api")]


def test_a_tablet_that_is_not_paired_any_more_forgets_everything(tablet: PageDriver, box: OfflineBox) -> None:
    tablet.expected_errors.add("401")
    box.switch_off()
    record(tablet, 2)
    tablet.find("unsent").wait_for()
    with box.strangers():
        expect(tablet.page.locator("h1")).to_have_text("This tablet is not paired")
        found = tablet.page.evaluate(FOUND)
        assert {name: values for name, values in found.items() if values and not name.startswith("chartside-known/")} == {}
        assert tablet.page.evaluate("caches.keys()") == []
        assert tablet.page.evaluate("navigator.serviceWorker.getRegistrations()") == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_whole_visit_with_the_box_switched_off(
    default_bundle: Bundle, page_dir: Path, playwright: Playwright, tmp_path: Path
) -> None:
    """The box's own models and rules in the page, from the microphone to the note, after one visit of the page online."""
    sample = next(visit for visit in sample_visits() if visit.name == "hypothyroidism")
    spoken = decode_audio(str(sample.audio), sampling_rate=MICROPHONE_RATE)[: SECONDS * MICROPHONE_RATE]
    silence = np.zeros(MICROPHONE_RATE, dtype=np.float32)
    wav = write_microphone(tmp_path / "visit.wav", (np.concatenate([silence, spoken, silence]) * 32767).astype(np.int16))
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.closing(OfflineBox(Path(directory), page_dir, default_bundle.directory)) as box,
        chromium(playwright, wav) as browser,
        contextlib.closing(new_context(browser, box.origin, service_worker=True)) as context,
    ):
        context.add_init_script(REPORT)
        tablet = PageDriver(context.new_page(), box.origin)
        tablet.expected_errors |= {"Failed to load resource", "net::ERR"}
        tablet.open()
        wait_for(lambda: tablet.page.evaluate(KEPT), tablet.page)
        for name in ("speech-worker", "worker"):
            (script,) = (page_dir / "assets").glob(f"{name}-*.js")
            assert tablet.page.evaluate(LOAD, f"/assets/{script.name}") == ""
        wait_for(lambda: tablet.page.evaluate(f"{RUNTIME}.then((found) => found !== undefined)"), tablet.page)

        box.switch_off()
        tablet.page.reload()
        tablet.page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        assert tablet.page.evaluate("crossOriginIsolated")
        began = time.monotonic()
        visit = tablet.start_visit()
        tablet.wait_for_turns(1)
        first = time.monotonic() - began
        recorded = "wanted => document.querySelector('[data-testid=recorded]').textContent >= wanted"
        tablet.page.wait_for_function(recorded, arg=f"0:{SECONDS + 2}", timeout=PATIENCE_MS)
        tablet.finish()
        ended = time.monotonic()
        sections = tablet.wait_for_note()
        written = time.monotonic() - ended
        turns = tablet.turns()
        assert len(turns) >= 3
        assert "tired" in " ".join(turns)
        assert any(text != "Not discussed." for text in sections.values())
        expect(tablet.find("check-state")).to_have_attribute("data-state", "checked")
        name = next(iter(sections))
        tablet.edit(name, "Read and put right.")

        box.switch_on()
        expect(tablet.find("unsent")).to_have_count(0)
        document = box.api("GET", f"/encounters/{visit}").json()
        assert [turn["text"] for turn in document["transcript"]["turns"]] == turns
        assert (document["state"], document["missing"], document["transcript"]["gaps"]) == ("draft", [], [])
        assert {section["name"]: section["text"] for section in document["note"]["sections"]}[name] == "Read and put right."
        authors = [version["author"] for version in box.api("GET", f"/encounters/{visit}/note/versions").json()]
        assert authors == ["model", "clinician"]
        assert_nothing_is_left(tablet)
        tablet.check()
        print(f"\noffline: first turn after {first:.0f} s, note {written:.0f} s after the end; {len(turns)} turns")
    print("offline=ok")
