"""The note engine on a GPU, which here is Chromium's software adapter (SwiftShader)."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from device_driver import DeviceDriver, ProblemError
from page_box import Box
from page_driver import new_context
from playwright.sync_api import Browser
from scripted_gpu import claim_half
from tiny_bundle import write_tiny_bundle

from appliance.note.decoding import Meter, write_rows
from appliance.note.model import LanguageModel
from appliance.note.strategies import strategy_of
from appliance.note.templates import template_named
from appliance.note.topics import TopicsStrategy
from appliance.runtime.bundle import Bundle, WritingName
from appliance.transcript import Turn

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

EXCHANGES = (
    "Doctor: Your TSH is 14.2, which is high. Let's raise the levothyroxine to 88 micrograms.\nPatient: Okay.",
    "Doctor: Any allergies?\nPatient: I'm allergic to penicillin, I got a rash.",
    "Doctor: How do you sleep?\nPatient: Nine hours, and I'm still tired. " + "I wear a sweater in the house. " * 15,
)
"""The last prompt takes two calls of the decode loop, and more pieces on a GPU that gets only short ones right."""
TURNS = (
    Turn("Any allergies?", speaker="clinician"),
    Turn("I'm allergic to penicillin, I got a rash.", speaker="patient"),
    Turn("Let's repeat the TSH in six weeks. Anything else that you wanted to talk about today?", speaker="clinician"),
    Turn("No, that's all.", speaker="patient"),
)


@pytest.fixture(scope="module")
def bundles(default_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[WritingName, Bundle]:
    """Tiny models: one may write what it likes, grounded; one writes only sentences that were said, after a longer prefix."""
    directory = tmp_path_factory.mktemp("tiny")
    names: tuple[WritingName, ...] = ("tuned", "verbatim")
    return {name: write_tiny_bundle(directory / name, default_bundle, name) for name in names}


@contextlib.contextmanager
def tablet(browser: Browser, bundle: Bundle) -> Iterator[DeviceDriver]:
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.closing(Box(Path(directory), bundle=bundle.directory)) as box,
        contextlib.closing(new_context(browser, box.origin)) as context,
    ):
        driver = DeviceDriver(context.new_page(), box.origin)
        driver.page.set_default_timeout(600_000)
        yield driver
        assert not driver.off_origin, driver.off_origin
        assert not driver.errors, driver.errors


@pytest.fixture(scope="module")
def device(gpu_browser: Browser, bundles: dict[WritingName, Bundle]) -> Iterator[DeviceDriver]:
    with tablet(gpu_browser, bundles["tuned"]) as driver:
        yield driver


@pytest.fixture(scope="module")
def loaded(device: DeviceDriver) -> Any:
    return device.ask("load", threads=1, backend="webgpu-f32")


def test_the_software_adapter_is_given_short_pieces(loaded: Any) -> None:
    """Known fault: its GroupQueryAttention is wrong for 32 tokens and more. What is measured decides, not its name."""
    print(f"gpu={loaded['gpu']['adapter']!r} chunk={loaded['gpu']['chunk']}")
    assert loaded["gpu"]["software"]
    assert not loaded["gpu"]["half"]
    assert loaded["gpu"]["refused"] is None
    assert 16 <= loaded["gpu"]["chunk"] <= 31


@pytest.mark.usefixtures("loaded")
def test_batches_and_notes_are_those_of_the_box(
    gpu_browser: Browser, device: DeviceDriver, bundles: dict[WritingName, Bundle]
) -> None:
    """The whole Python loop: prompts, masks, grounding, a batch forked from a prefix that rows leave at different times."""
    expected = box_rows(bundles["tuned"])
    assert len({len(row.written) for row in expected}) == len(expected)
    assert written(device) == [row.written for row in expected]
    with tablet(gpu_browser, bundles["verbatim"]) as repeating:
        repeating.ask("load", threads=1, backend="webgpu-f32")
        assert written(repeating) == [row.written for row in box_rows(bundles["verbatim"])]
        open_visit(repeating)
        note = repeating.wait_for("note", 300)
    sections = [section["text"] for section in note["sections"]]
    assert sections == box_note(bundles["verbatim"])
    assert any("penicillin" in text or "TSH" in text for text in sections)
    print("webgpu_tiny=exact")


@pytest.mark.usefixtures("loaded")
def test_a_lost_gpu_is_one_clear_problem_and_another_backend_goes_on(device: DeviceDriver) -> None:
    open_visit(device)
    device.wait_for("progress", 600)
    device.page.context.browser.new_browser_cdp_session().send("Browser.crashGpuProcess")  # type: ignore[union-attr]
    failed = device.wait_for("failed", 120)
    assert (failed["detail"], failed["hint"]) == (
        "The browser took the GPU away from the note engine.",
        "Load the models without the GPU, or use the box.",
    )
    with pytest.raises(ProblemError, match="The browser took the GPU away"):
        written(device)
    assert device.ask("load", threads=1, backend="wasm")["gpu"] is None
    assert len(written(device)) == len(EXCHANGES)


def test_a_browser_without_a_gpu_says_so(browser: Browser, bundles: dict[WritingName, Bundle]) -> None:
    with tablet(browser, bundles["tuned"]) as device:
        with pytest.raises(ProblemError, match=r"This browser gives pages no GPU\. Load the models without the GPU"):
            device.ask("load", threads=1, backend="webgpu-f32")
        assert device.ask("load", threads=1)["bundle"].startswith("tiny")


def test_a_gpu_without_16_bit_numbers_computes_with_32(gpu_browser: Browser, bundles: dict[WritingName, Bundle]) -> None:
    with tablet(gpu_browser, bundles["tuned"]) as device:
        gpu = device.ask("load", threads=1, backend="webgpu-f16")["gpu"]
        assert not gpu["half"]
        assert gpu["refused"] == "This GPU does not compute with 16-bit numbers."
        assert written(device) == [row.written for row in box_rows(bundles["tuned"])]


def test_what_a_gpu_cannot_compile_in_16_bits_is_computed_in_32(
    gpu_browser: Browser, bundles: dict[WritingName, Bundle]
) -> None:
    with tablet(gpu_browser, bundles["tuned"]) as device:
        claim_half(device.page.context)
        device.restart()
        gpu = device.ask("load", threads=1, backend="webgpu-f16")["gpu"]
        print(f"refused={gpu['refused']!r}")
        assert not gpu["half"]
        assert gpu["refused"] not in (None, "This GPU does not compute with 16-bit numbers.")
        assert written(device) == [row.written for row in box_rows(bundles["tuned"])]
    print("webgpu_f16=falls_back")


def open_visit(device: DeviceDriver) -> None:
    device.page.evaluate("engine.events.length = 0")
    device.ask("open", template="aci")
    for number, turn in enumerate(TURNS):
        device.ask("turn", number=number, turn=json.dumps({"text": turn.text, "speaker": turn.speaker}))
    device.ask("finish", turns=len(TURNS))


def written(device: DeviceDriver) -> list[list[int]]:
    """The tokens that the page writes about the exchanges, in one batch."""
    (rows,) = device.ask("answer", questions=json.dumps([{"type": "written", "exchanges": EXCHANGES}]))
    found: list[list[int]] = rows
    return found


def box_rows(bundle: Bundle) -> list[Any]:
    """The same exchanges, written by the box's loop and ONNX Runtime's CPU provider."""
    model = box_model(bundle)
    strategy = TopicsStrategy(model, bundle.manifest.note)
    rows = [strategy.row(exchange) for exchange in EXCHANGES]
    for _ in write_rows(model, strategy.prefix, rows, Meter()):
        pass
    return rows


def box_note(bundle: Bundle) -> list[str]:
    """The sections that the box writes about the turns."""
    writer = strategy_of(box_model(bundle), bundle.manifest.note, grounded=True).writer(template_named("aci"))
    for turn in TURNS:
        writer.add(turn)
    for _ in writer.finish():
        pass
    return [section.text for section in writer.sections()]


def box_model(bundle: Bundle) -> LanguageModel:
    return LanguageModel(bundle.note_directory, threads=1, context=bundle.manifest.note.context)
