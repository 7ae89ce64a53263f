from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright
from sample_visits import SampleVisit, sample_visits

from appliance.runtime.bundle import Bundle
from appliance.settings import Settings

# The bundle that `make models` builds, also when pytest is called directly.
os.environ.setdefault("CHARTSIDE_BUNDLE", str(Path(__file__).parent.parent / "build" / "bundles" / "default"))


@pytest.fixture(scope="session")
def default_bundle() -> Bundle:
    """The bundle that `chartside models build` makes; `make test` builds it first."""
    return Bundle(Settings.load().bundle)


@pytest.fixture(params=sample_visits(), ids=lambda visit: visit.name)
def sample_visit(request: pytest.FixtureRequest) -> SampleVisit:
    visit: SampleVisit = request.param
    return visit


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all tests: a second one in the same process does not start."""
    with sync_playwright() as running:
        yield running
