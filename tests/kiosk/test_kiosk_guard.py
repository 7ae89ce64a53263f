from __future__ import annotations

import socket

import httpx
import pytest
from kiosk_client import Kiosk

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self' blob:; font-src 'self'; media-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/api/status"),
        ("GET", "/api/nothing"),
        ("POST", "/api/encounters"),
        ("PUT", "/"),
    ],
)
def test_every_response_carries_the_security_headers(kiosk: Kiosk, method: str, path: str) -> None:
    headers = kiosk.http.request(method, path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "microphone=(self)" in headers["Permissions-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert (headers.get("Cache-Control") == "no-store") == path.startswith("/api/")


@pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1", "127.0.0.1:8470", "[::1]", "[::1]:80"])
def test_the_kiosk_answers_to_its_own_names(kiosk: Kiosk, host: str) -> None:
    assert kiosk.http.get("/api/encounters", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8470",
        "127.0.0.1.nip.io",
        "127.0.0.1@evil.example",
        "localhost:",
        "192.168.0.1",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/encounters"])
def test_a_foreign_host_name_is_refused(kiosk: Kiosk, host: str, path: str) -> None:
    response = kiosk.http.get(path, headers={"Host": host})
    assert response.status_code == 403
    assert response.json()["hint"]


def test_a_request_without_a_host_is_refused(kiosk: Kiosk) -> None:
    with socket.create_connection(("127.0.0.1", kiosk.port)) as connection:
        connection.sendall(b"GET /api/encounters HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(100)


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("PATCH", "/{}"),
        ("DELETE", "/{}"),
        ("PUT", "/{}/audio/0"),
        ("POST", "/{}/finish"),
        ("GET", ""),
        ("GET", "/{}/events"),
    ],
)
def test_another_web_page_is_refused(kiosk: Kiosk, headers: dict[str, str], method: str, path: str) -> None:
    encounter = kiosk.start(title="untouched")
    before = kiosk.get(encounter)
    url = f"/api/encounters{path.format(encounter)}"
    response = kiosk.http.request(method, url, headers=headers, content=b'{"chunks": 0, "title": "changed"}')
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert kiosk.get(encounter) == before
    assert len(kiosk.ok("GET", "/encounters")) == 1


def test_the_own_page_is_let_through(kiosk: Kiosk) -> None:
    own = {"Origin": f"http://127.0.0.1:{kiosk.port}", "Sec-Fetch-Site": "same-origin"}
    assert kiosk.http.post("/api/encounters", json={}, headers=own).status_code == 201
    # A link on another page may open the kiosk; a typed address has no site.
    assert kiosk.http.get("/nothing", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 404
    assert kiosk.http.get("/api/status", headers={"Sec-Fetch-Site": "none"}).status_code == 200


@pytest.mark.parametrize("path", ["", "/{}/audio/0", "/{}/finish"])
def test_a_huge_body_is_refused_before_it_is_read(kiosk: Kiosk, path: str) -> None:
    encounter = kiosk.start()
    with socket.create_connection(("127.0.0.1", kiosk.port), timeout=10) as connection:
        head = f"POST /api/encounters{path.format(encounter)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(100)


def test_a_body_without_a_length_is_refused(kiosk: Kiosk) -> None:
    response = httpx.post(f"http://127.0.0.1:{kiosk.port}/api/encounters", content=iter([b"{}"]))
    assert response.status_code == 400
    assert "Content-Length" in response.json()["hint"]


def test_there_is_no_other_way_in(kiosk: Kiosk) -> None:
    for method in ("OPTIONS", "TRACE", "CONNECT", "PROPFIND"):
        response = kiosk.http.request(method, "/api/encounters")
        assert response.status_code in {200, 400, 403, 405}
        assert "Access-Control-Allow-Origin" not in response.headers
