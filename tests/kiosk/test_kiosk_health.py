from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kiosk_client import Kiosk

from appliance.health.check import Finding
from appliance.health.checks import CHECKS
from appliance.kiosk import health as module
from appliance.kiosk.health import FRESH_SECONDS, Health
from appliance.settings import Settings


def test_page_and_document_show_every_check(kiosk: Kiosk) -> None:
    document = kiosk.ok("GET", "/health")
    assert [check["check"] for check in document["checks"]] == list(CHECKS)
    # The kiosk of the tests has no bundle: what is wrong is said with a way out.
    broken = next(check for check in document["checks"] if check["check"] == "bundle")
    assert (document["level"], broken["level"]) == ("failed", "failed")
    page = kiosk.http.get("/status")
    assert page.status_code == 200
    for text in ("Something is broken.", broken["hint"], *(name.capitalize() for name in CHECKS)):
        assert text in page.text
    assert kiosk.http.get("/connect.css").headers["Content-Type"].startswith("text/css")


def test_a_report_is_kept_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Settings] = []

    def report(settings: Settings) -> dict[str, Any]:
        asked.append(settings)
        return {"n": len(asked), "checks": [Finding("disk", "ok", "")]}

    now = [0.0]
    monkeypatch.setattr(module, "report", report)
    health = Health(Settings(data_dir=tmp_path), clock=lambda: now[0])
    assert [health.report()["n"] for _ in range(3)] == [1, 1, 1]
    now[0] += FRESH_SECONDS
    assert health.report()["n"] == 2
