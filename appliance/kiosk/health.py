"""The status page, and the same for programs: devices, certificate, providers, models, disk, clock, self-test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response

from appliance.connect.pages import STYLE, render
from appliance.health.report import report
from appliance.kiosk.forms import html
from appliance.runtime.web import send
from appliance.settings import Settings

FRESH_SECONDS: Final = 30.0
"""How long a report is shown again; a new one reads the whole bundle."""


class Health:
    """The last report. Safe to use from several threads.

    Args:
        settings: What the checks look at.
        clock: Seconds that only grow.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[str, Any] = {}
        self._until = 0.0

    def report(self) -> dict[str, Any]:
        """What `chartside doctor --json` says, at most `FRESH_SECONDS` old."""
        with self._lock:
            if not self._found or self._clock() >= self._until:
                self._found = report(self._settings)
                self._until = self._clock() + FRESH_SECONDS
            return self._found


def create_health(health: Health) -> Blueprint:
    """The routes of the status page.

    Args:
        health: Where the report comes from.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/status")
    def page() -> Response:
        """The status page: the findings of `chartside doctor`."""
        return html(render("status", troubles=(), report=health.report()))

    @routes.get("/api/health")
    def document() -> Response:
        """The findings of `chartside doctor --json`."""
        return send(health.report())

    @routes.get("/connect.css")
    def style() -> Response:
        """The style sheet of the trust, pairing, set-up and status pages."""
        return Response(STYLE, mimetype="text/css")

    return routes
