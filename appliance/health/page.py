"""Whether the kiosk page was built."""

from __future__ import annotations

from pathlib import Path

from appliance.health.check import Finding
from appliance.settings import Settings

_PAGE = Path(__file__).parent.parent / "kiosk" / "page" / "index.html"


def check_page(_settings: Settings) -> Finding:
    """The page's files in the package."""
    if not _PAGE.is_file():
        return Finding("page", "failed", "The kiosk page was not built.", "Run `make page`.")
    return Finding("page", "ok", "built")
