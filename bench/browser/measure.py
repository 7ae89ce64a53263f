"""Measures the page's engines in a real Chromium, against transformers.js and wllama in the same page: `make browser-bench`.

The page is `/bench`, under the kiosk's own headers; engines run in turns, every figure is the median of all rounds. Writes
`bench/browser/results.json` and `bench/browser/results.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from flask import Response, send_from_directory
from memory import tab_mib
from peers import ROOT, prepare, read_tokenizer
from playwright.sync_api import Page, sync_playwright

from appliance.kiosk.guard import protect
from appliance.kiosk.models_api import create_models
from appliance.kiosk.page import PAGE_DIR, create_page
from appliance.runtime.server import Server, listen_localhost
from appliance.runtime.web import create_service
from appliance.settings import Settings

HERE: Final = Path(__file__).resolve().parent
VISIT: Final = ROOT / "samples" / "visits" / "type-2-diabetes"
FLAGS: Final = ("--disable-quic", "--no-first-run")
PATIENCE_MS: Final = 3_600_000
PAUSE_MS: Final = 300


def main() -> None:
    """Prepare, measure, and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--page", type=Path, default=PAGE_DIR, help="folder of the built page")
    parser.add_argument("--results", type=Path, default=HERE, help="folder for the results")
    arguments = parser.parse_args()
    peers = ROOT / "build" / "browser-bench"
    prepare(peers, arguments.tokens)
    with serving(arguments.page, peers) as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        measured = [measure(browser.new_page(), origin, threads, arguments.rounds) for threads in arguments.threads]
        product = measure_product(browser.new_page(), origin)
        version = browser.version
        browser.close()
    tokenizer = read_tokenizer(peers)
    rows = [row for found in measured for row in found["compared"]]
    for row in rows:
        written = row["written"]
        row["written"] = written if isinstance(written, str) else tokenizer.decode(written)
    results = {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "chromium": version, "load": os.getloadavg()[1]},
        "prompt_tokens": len(json.loads((peers / "task.json").read_bytes())["prompt"]["ids"]),
        "tokens": arguments.tokens,
        "rounds": arguments.rounds,
        "compared": rows,
        "product": product,
    }
    (arguments.results / "results.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    table = report(results)
    (arguments.results / "results.md").write_text(table, "utf-8")
    print(table)


@contextlib.contextmanager
def serving(page: Path, peers: Path) -> Iterator[str]:
    """The page with its models, as the kiosk serves them, and the peers beside it; yields the address."""
    app = create_service(__name__)
    protect(app)
    app.register_blueprint(create_models(Settings.load({}).bundle))

    @app.get("/peers/<path:name>")
    def peer(name: str) -> Response:
        return send_from_directory(peers, name)

    app.register_blueprint(create_page(page))
    listener = listen_localhost(0)
    server = Server(app, listener)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.stop()
        thread.join()


def measure(page: Page, origin: str, threads: int, rounds: int) -> dict[str, Any]:
    """Compare the engines in one tab."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{origin}/bench")
    page.get_by_test_id("threads").fill(str(threads))
    page.get_by_test_id("rounds").fill(str(rounds))
    page.get_by_test_id("compare").click()
    running = page.get_by_test_id("running")
    running.wait_for()
    peaks: dict[str, float] = {}
    while names := running.all_inner_texts():
        peaks[names[0]] = max(peaks.get(names[0], 0), tab_mib())
        page.wait_for_timeout(PAUSE_MS)
    found = finish(page)
    page.close()
    for row in found["compared"]:
        row["peakMib"] = peaks[row["name"]]
    return found


def measure_product(page: Page, origin: str) -> dict[str, Any]:
    """What the product does: the sample note with all its rules, and a visit heard."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{origin}/bench")
    for step in ("load", "write"):
        page.get_by_test_id(step).click()
        finish(page)
    page.get_by_test_id("recording").set_input_files(VISIT / "audio.opus")
    return finish(page)


def finish(page: Page) -> dict[str, Any]:
    """Wait until the page has done what it was told; returns what it offers to download."""
    page.wait_for_timeout(500)
    page.locator("main[aria-busy=false]").wait_for()
    failure = page.get_by_test_id("failure")
    if failure.count():
        raise SystemExit(failure.inner_text())
    address = page.get_by_test_id("download").get_attribute("href") or ""
    found: dict[str, Any] = json.loads(unquote(address.partition(",")[2]))
    return found


def chromium_path() -> str | None:
    """The installed Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def processor() -> str:
    """The processor's name."""
    found = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    names = [line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("Model name")]
    return names[0] if names else platform.processor()


def report(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    machine = results["machine"]
    lines = [
        f"Measured on {machine['processor']}, {machine['cores']} cores, Chromium {machine['chromium']} headless;",
        f"medians of {results['rounds']} rounds in turns, load average {machine['load']:.1f}.",
        f"The base model alone, a prompt of {results['prompt_tokens']} tokens, {results['tokens']} tokens written.",
        "",
        "| | threads | load | first token | prefill | decode | peak memory of the tab |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["compared"]:
        rates = f"{row['prefillTokensPerSecond']:.1f} tok/s | {row['decodeTokensPerSecond']:.1f} tok/s"
        times = f"{row['loadSeconds']:.1f} s | {row['firstTokenSeconds']:.1f} s"
        lines += [f"| {row['name']} | {row['threads']} | {times} | {rates} | {row['peakMib']:.0f} MiB |"]
    return "\n".join([*lines, "", *report_product(results["product"])]) + "\n"


def report_product(product: dict[str, Any]) -> list[str]:
    """What the page's engines did with all their rules."""
    note, loaded, heard = product["note"]["timing"], product["loaded"], product["heard"]
    rows = {
        "threads": f"{loaded['threads']}",
        "rules ready": f"{loaded['seconds']['rules']:.1f} s",
        "note model ready": f"{loaded['seconds']['model']:.1f} s",
        "memory of rules and note model": f"{loaded['memory']['rules'] / 1e6:.0f} and {loaded['memory']['model'] / 1e6:.0f} MB",
        "first section of the sample visit": f"{product['firstSection']:.1f} s",
        "end of the sample visit to its note": f"{note['finish_to_note_seconds']:.1f} s",
        "read": f"{note['prefill_tokens'] / note['prefill_seconds']:.1f} tok/s",
        "written, all rows of a batch": f"{note['decode_tokens'] / note['decode_seconds']:.1f} tok/s",
        f"speech, {heard['duration']:.0f} s of it: real-time factor": f"{heard['realTimeFactor']:.2f}",
        "first words": f"{heard['firstWords']:.1f} s",
    }
    return [
        "The product, with all its rules:",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows.items()),
    ]


if __name__ == "__main__":
    main()
