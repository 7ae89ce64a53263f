"""Tries every endpoint of the kiosk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from kiosk_network import Tablet

from appliance.kiosk import access

_PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Attempt:
    endpoint: str
    method: str
    path: str


def attempts(app: Flask) -> Iterator[Attempt]:
    """Every method of every rule, with plausible arguments, and what no rule knows."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int:\w+>", "1", rule.rule)
        path = re.sub(r"<path:\w+>", "assets/app-1.js", path)
        path = re.sub(r"<encounter>", "0" * 32, path)
        path = re.sub(r"<\w+>", "0", path)
        for method in sorted((rule.methods or set()) | {"OPTIONS"}):
            yield Attempt(rule.endpoint, method, path)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        yield Attempt("", method, "/api/nothing")
        yield Attempt("", method, "/nothing/at/all")


def refusals(app: Flask, tablet: Tablet) -> tuple[list[str], int]:
    """Try what is not open to everybody.

    Returns:
        What was not refused with a problem document, and how much was tried.
    """
    served, tried = [], 0
    for attempt in attempts(app):
        if attempt.endpoint in access.OPEN:
            continue
        tried += 1
        response = tablet.request(attempt.method, attempt.path)
        problem = attempt.method == "HEAD" or response.headers["Content-Type"] == _PROBLEM
        if response.status_code not in {401, 403} or not problem:
            served.append(f"{attempt.method} {attempt.path}: {response.status_code}")
    return served, tried
