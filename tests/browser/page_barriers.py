"""What would keep somebody from using the page: found by axe, by too small targets, and by scrolling sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

_AXE: Final = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_TOUCH_TARGET: Final = 48
"""CSS pixels."""


def barriers(page: Page) -> list[str]:
    """Everything that is found on the page as it is shown now."""
    sideways = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*_violations(page), *_small_targets(page), *["the page scrolls sideways"] * sideways]


def _violations(page: Page) -> list[str]:
    # Evaluated by the debugger, which the page's content security policy does not concern.
    page.evaluate(_AXE.read_text("utf-8"))
    result: dict[str, Any] = page.evaluate("axe.run()")
    return [f"{v['id']}: {node['html'][:120]} {node['failureSummary']}" for v in result["violations"] for node in v["nodes"]]


def _small_targets(page: Page) -> list[str]:
    # Words within a sentence, as a proposed drug is, need not be larger than the text (WCAG 2.2, 2.5.8).
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll('a, button, input, select, textarea')]
             .filter(e => e.checkVisibility() && !e.matches('.skip, .proposed'))
             .filter(e => { const r = e.getBoundingClientRect(); return r.width < least || r.height < least; })
             .map(e => `too small to touch: ${e.outerHTML.slice(0, 120)}`)""",
        _TOUCH_TARGET,
    )
    return found
