from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from kiosk_client import Kiosk, Running

INDEX = "<!doctype html><title>Chartside</title>"


@pytest.fixture
def page(running: Running) -> Iterator[Path]:
    assets = running.page_dir / "assets"
    assets.mkdir(parents=True)
    (running.page_dir / "index.html").write_text(INDEX)
    for name in ("app-1a2b3c.js", "app-1a2b3c.css", "worker.mjs", "ort.wasm", "font.woff2"):
        (assets / name).write_text(name)
    (running.page_dir / "manifest.webmanifest").write_text("{}")
    yield running.page_dir
    for path in sorted(running.page_dir.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    running.page_dir.rmdir()


def test_a_page_that_was_not_built_says_how_to_build_it(kiosk: Kiosk) -> None:
    response = kiosk.http.get("/")
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "npm run build" in response.text


@pytest.mark.usefixtures("page")
def test_the_page_is_checked_on_every_load(kiosk: Kiosk) -> None:
    response = kiosk.http.get("/")
    assert response.text == INDEX
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    again = kiosk.http.get("/", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Content-Security-Policy"] == response.headers["Content-Security-Policy"]


def test_the_page_that_measures_a_tablet_has_an_address_of_its_own(kiosk: Kiosk, page: Path) -> None:
    (page / "bench.html").write_text("<!doctype html><title>Bench</title>")
    response = kiosk.http.get("/bench")
    assert (response.status_code, response.text) == (200, "<!doctype html><title>Bench</title>")
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("assets/app-1a2b3c.js", "text/javascript; charset=utf-8"),
        ("assets/app-1a2b3c.css", "text/css; charset=utf-8"),
        ("assets/worker.mjs", "text/javascript; charset=utf-8"),
        ("assets/ort.wasm", "application/wasm"),
        ("assets/font.woff2", "font/woff2"),
        ("manifest.webmanifest", "application/manifest+json"),
    ],
)
def test_files_have_the_type_that_nosniff_demands(kiosk: Kiosk, name: str, media_type: str) -> None:
    response = kiosk.http.get(f"/{name}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    hashed = name.startswith("assets/")
    assert response.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if hashed else "no-cache")


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(
    "path",
    [
        "/../data/box.key",
        "/assets/../../data/box.key",
        "/%2e%2e/data/box.key",
        "/..%2fdata%2fbox.key",
        "/assets/..%5c..%5cdata%5cbox.key",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/assets",
        "/assets/",
        "/index.html%00.js",
        "/~root",
    ],
)
def test_nothing_outside_the_page_is_served(running: Running, path: str) -> None:
    assert running.settings.box_key == running.page_dir.parent / "data" / "box.key"
    # http.client sends the path as it stands.
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("GET", path, headers={"Host": "localhost"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status in {301, 308, 400, 404}, body
    assert running.settings.box_key.read_bytes() not in body
    assert b"root:" not in body
