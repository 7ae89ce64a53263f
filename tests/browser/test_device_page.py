"""The note engine in a real Chromium, with the box's own model and under the kiosk's own security policy."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from device_driver import DeviceDriver, ProblemError
from page_box import Box
from page_driver import new_context
from playwright.sync_api import Browser

from appliance.models.assemble import write_manifest
from appliance.models.unpacked import UNPACKED_FILE
from appliance.note.decoding import Meter, write_rows
from appliance.note.model import LanguageModel
from appliance.note.topics import TopicsStrategy
from appliance.runtime.bundle import MANIFEST_FILE, Bundle

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

BATCH = 24
"""Vectors asked at once."""
OPFS = "navigator.storage.getDirectory().then((root) => root.getDirectoryHandle('models'))"
NAMES = f"(async () => Array.fromAsync((await {OPFS}).keys()))()"
REMOVE = f"async (name) => (await {OPFS}).removeEntry(name)"
WRITE = f"""async ([name, content]) => {{
  const file = await (await (await {OPFS}).getFileHandle(name, {{ create: true }})).createWritable();
  await file.write(content);
  await file.close();
}}"""


@dataclass(frozen=True)
class ModelFile:
    """As `GET /api/models` lists it."""

    name: str
    model: str
    sha256: str
    bytes: int


@pytest.fixture(scope="module")
def device(device_box: Box, browser: Browser) -> Iterator[DeviceDriver]:
    """A tablet with the note model loaded."""
    with contextlib.closing(new_context(browser, device_box.origin)) as context:
        driver = DeviceDriver(context.new_page(), device_box.origin)
        driver.ask("load", threads=1)
        yield driver
        print(f"off_origin={len(driver.off_origin)}")
        assert not driver.off_origin, driver.off_origin
        assert not driver.errors, driver.errors


@pytest.fixture(scope="module")
def tokenizer(device: DeviceDriver) -> ModelFile:
    listed = device.page.evaluate("fetch('/api/models').then((response) => response.json())")["files"]
    return next(ModelFile(**file) for file in listed if file["name"] == "tokenizer.json")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    from device_vectors import main

    path = tmp_path_factory.mktemp("vectors") / "vectors.json"
    main(path)
    found: list[dict[str, Any]] = json.loads(path.read_bytes())
    return found


@pytest.mark.timeout(900)
def test_box_and_page_answer_alike(device: DeviceDriver, vectors: list[dict[str, Any]]) -> None:
    wrong = []
    for start in range(0, len(vectors), BATCH):
        asked = vectors[start : start + BATCH]
        given = device.ask("answer", questions=json.dumps([vector["question"] for vector in asked]))
        wrong += [(vector, answer) for vector, answer in zip(asked, given, strict=True) if vector["answer"] != answer]
    print(f"vectors={len(vectors) - len(wrong)}/{len(vectors)}")
    assert len(vectors) >= 512
    assert not wrong, wrong[0]


def test_a_damaged_or_cut_off_file_is_fetched_again(device: DeviceDriver, tokenizer: ModelFile) -> None:
    device.restart()
    device.page.evaluate(WRITE, [tokenizer.sha256, "x" * tokenizer.bytes])
    with pytest.raises(ProblemError, match=r"The stored tokenizer.json is damaged\."):
        device.ask("load", threads=1)
    device.restart()
    device.page.evaluate(WRITE, [tokenizer.sha256, "cut off"])
    assert device.ask("load", threads=1)["bundle"].startswith("chartside-default")


@pytest.mark.parametrize("right", [True, False], ids=["what came", "something else"])
def test_a_transfer_goes_on_where_it_ended(
    device: DeviceDriver, tokenizer: ModelFile, default_bundle: Bundle, *, right: bool
) -> None:
    start = (default_bundle.note_directory / tokenizer.name).read_text("utf-8")[:1000]
    device.restart()
    device.page.evaluate(REMOVE, tokenizer.sha256)
    device.page.evaluate(WRITE, [f"{tokenizer.sha256}.part", start if right else "x" * len(start)])
    device.ranges.clear()
    device.ask("load", threads=1)
    # What does not add up to the right hash is thrown away and comes again, whole.
    assert device.ranges == (["bytes=1000-"] if right else ["bytes=1000-", ""])


def test_a_full_tablet_says_so_and_goes_on_when_there_is_room(
    device: DeviceDriver, device_box: Box, tokenizer: ModelFile
) -> None:
    device.restart()
    device.page.evaluate(REMOVE, tokenizer.sha256)
    browser = device.page.context.new_cdp_session(device.page)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": device_box.origin, "quotaSize": 1_000_000})
    with pytest.raises(ProblemError, match=r"This tablet has no room left for the models\. Free some storage"):
        device.ask("load", threads=1)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": device_box.origin})
    assert device.ask("load", threads=1)["bundle"].startswith("chartside-default")


def test_what_the_box_no_longer_has_is_removed(device: DeviceDriver) -> None:
    listed = device.page.evaluate("fetch('/api/models').then((response) => response.json())")["files"]
    note, speech = ([file["sha256"] for file in listed if file["model"] == model] for model in ("note", "speech"))
    device.page.evaluate(WRITE, ["0" * 64, "an older model"])
    device.page.evaluate(WRITE, [speech[0], "what the speech engine fetched"])
    device.restart()
    device.ask("load", threads=1)
    assert sorted(device.page.evaluate(NAMES)) == sorted([*note, speech[0]])
    device.page.evaluate(REMOVE, speech[0])


def test_writing_stops_after_the_current_token(device: DeviceDriver) -> None:
    device.ask("open", template="aci")
    device.ask("turn", number=0, turn=json.dumps({"text": "I take metformin, 500 mg, twice a day.", "speaker": "patient"}))
    device.ask("finish", turns=1)
    device.ask("cancel")
    assert device.wait_for("failed", 60)["detail"] == "The writing was stopped."


def test_errors_are_one_sentence_and_a_hint(device: DeviceDriver) -> None:
    with pytest.raises(ProblemError, match="There is no template 'no-such'"):
        device.ask("open", template="no-such")
    with pytest.raises(ProblemError, match="does not fit"):
        device.ask("check", body="{}")


def test_the_page_loads_measures_and_stops(device_box: Box, browser: Browser) -> None:
    with contextlib.closing(new_context(browser, device_box.origin)) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto("/bench")
        page.get_by_test_id("load").click()
        page.get_by_test_id("measured").get_by_text("chartside-default").wait_for()
        page.get_by_test_id("measured").get_by_text("weights unpacked").wait_for()
        page.get_by_test_id("write").click()
        page.get_by_test_id("cancel").click()
        assert page.get_by_test_id("failure").inner_text().startswith("The writing was stopped.")


def test_an_engine_that_runs_out_of_memory_says_so_and_can_be_started_again(device_box: Box, browser: Browser) -> None:
    with contextlib.closing(new_context(browser, device_box.origin)) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto("/bench")
        loaded = page.get_by_test_id("measured").get_by_text("chartside-default")
        page.get_by_test_id("load").click()
        loaded.wait_for()
        (worker,) = (worker for worker in page.workers if "/worker-" in worker.url)
        page.get_by_test_id("write").click()
        worker.evaluate("setTimeout(() => { for (const held = []; ; ) held.push(new ArrayBuffer(2 ** 31)); })")
        failure = page.get_by_test_id("failure")
        failure.wait_for()
        assert failure.inner_text() == "The engine of this tablet stopped. Start it again, or use the box."
        page.get_by_test_id("load").click()
        failure.wait_for(state="detached")
        loaded.wait_for()
        page.get_by_test_id("write").click()
        page.get_by_test_id("cancel").click()
        assert failure.inner_text().startswith("The writing was stopped.")


def test_without_other_engines_there_is_nothing_to_compare_with(device_box: Box, browser: Browser) -> None:
    with contextlib.closing(new_context(browser, device_box.origin)) as context:
        page = context.new_page()
        page.goto("/bench")
        page.get_by_test_id("compare").click()
        assert "does not carry the other engines" in page.get_by_test_id("failure").inner_text()


def test_weights_stay_packed_where_they_cannot_be_unpacked(default_bundle: Bundle, browser: Browser, tmp_path: Path) -> None:
    directory = tmp_path / "bundle"
    shutil.copytree(default_bundle.directory, directory, copy_function=os.symlink)
    for name in (MANIFEST_FILE, f"note/{UNPACKED_FILE}"):
        (directory / name).unlink()
    (directory / "note" / UNPACKED_FILE).write_bytes(b"what no memory could hold")
    write_manifest(directory, default_bundle.manifest)
    with (
        tempfile.TemporaryDirectory() as data,
        contextlib.closing(Box(Path(data), bundle=directory)) as box,
        contextlib.closing(new_context(browser, box.origin)) as context,
    ):
        driver = DeviceDriver(context.new_page(), box.origin)
        assert not driver.ask("load", threads=1)["unpacked"]


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("unpack", [True, False], ids=["unpacked", "packed"])
def test_the_page_writes_the_tokens_of_the_box(device: DeviceDriver, default_bundle: Bundle, *, unpack: bool) -> None:
    """The whole default model, in one batch. The box rounds inputs of 4-bit products to int8, the browser does not."""
    device.restart()
    assert device.ask("load", threads=1, unpack=unpack)["unpacked"] is unpack
    exchanges = [
        "Doctor: Your TSH is 14.2, which is high. Let's raise the levothyroxine to 88 micrograms.\nPatient: Okay.",
        "Doctor: Any allergies?\nPatient: I'm allergic to penicillin, I got a rash.",
    ]
    model = LanguageModel(default_bundle.note_directory, threads=0, context=default_bundle.manifest.note.context)
    strategy = TopicsStrategy(model, default_bundle.manifest.note)
    rows = [strategy.row(exchange) for exchange in exchanges]
    for _ in write_rows(model, strategy.prefix, rows, Meter()):
        pass
    questions = [{"type": "written", "exchanges": exchanges}]
    (given,) = device.ask("answer", questions=json.dumps(questions))
    same = [_common(row.written, ids) for row, ids in zip(rows, given, strict=True)]
    print(f"{'greedy' if unpack else 'greedy_packed'}={sum(same)}/{sum(len(row.written) for row in rows)}")
    assert [ids[:8] for ids in given] == [row.written[:8] for row in rows]


def _common(one: list[int], other: list[int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
