"""What a clinician decides of drugs and omissions while the box is away: shown at once, kept, and brought to the box."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from offline_box import OfflineBox
from offline_tablet import assert_nothing_is_left, copy_page, keep_engines, keeping_tablet, script_models, script_page
from page_driver import PageDriver
from playwright.sync_api import Browser, expect
from scripted_engines import REPORT, saying

pytestmark = pytest.mark.browser

HEARD = "Take met 4,500, tablets"
MEANT = "Take metformin 500, tablets"


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    return copy_page(tmp_path)


@pytest.fixture
def box(page_dir: Path) -> Iterator[OfflineBox]:
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(OfflineBox(Path(directory), page_dir)) as box:
        yield box


@pytest.fixture
def tablet(box: OfflineBox, browser: Browser) -> Iterator[PageDriver]:
    """A tablet that was measured and can hear and write."""
    with keeping_tablet(browser, box) as tablet:
        tablet.page.context.add_init_script(REPORT)
        yield tablet


@pytest.fixture
def scripted(page_dir: Path) -> None:
    script_page(page_dir)


@pytest.fixture
def with_rules(page_dir: Path) -> None:
    """The models are scripted; drugs and checks are the box's own Python, in the page."""
    script_models(page_dir, saying(HEARD))


@pytest.mark.usefixtures("with_rules")
def test_drugs_are_proposed_and_decided_without_the_box(tablet: PageDriver, box: OfflineBox) -> None:
    keep_engines(tablet)
    box.switch_off()
    tablet.page.reload()
    visit = tablet.start_visit()
    proposals = tablet.find("proposal")
    expect(proposals.nth(1)).to_have_text("metformin 500,")
    proposals.first.click()
    expect(proposals.first).to_have_text("met 4,500,")
    tablet.finish()
    # What was rejected while it was recorded is not what the note is written from.
    plan = tablet.wait_for_note()["plan"].split(" | ")
    assert (plan[0], set(plan[1:])) == (HEARD, {MEANT})
    count = len(plan)
    expect(proposals).to_have_count(count)
    checked = tablet.find("check-state")
    expect(checked).to_have_attribute("data-state", "checked")
    proposals.nth(1).click()
    expect(proposals.nth(1)).to_have_text("met 4,500,")
    expect(checked).to_have_attribute("data-state", "checked")
    tablet.page.reload()
    expect(proposals.nth(1)).to_have_text("met 4,500,")
    expect(proposals.nth(2)).to_have_text("metformin 500,")
    box.switch_on()
    expect(tablet.find("unsent")).to_have_count(0)
    document = box.api("GET", f"/encounters/{visit}").json()
    assert [turn["text"] for turn in document["transcript"]["turns"]] == [HEARD] * count
    found = [(proposal["turn"], proposal["drug"], proposal["state"]) for proposal in document["proposals"]]
    states = ["rejected", "rejected", *["accepted"] * (count - 2)]
    assert found == [(n, "metformin 500", state) for n, state in enumerate(states)]
    assert document["note"]["sections"][0]["text"].split(" | ") == plan
    assert_nothing_is_left(tablet)


@pytest.mark.usefixtures("scripted")
def test_an_omission_is_dismissed_without_the_box(tablet: PageDriver, box: OfflineBox) -> None:
    box.switch_off()
    tablet.page.reload()
    visit = tablet.start_visit()
    tablet.wait_for_turns(2)
    tablet.finish()
    tablet.wait_for_note()
    first, second = tablet.turns()[:2]
    # Each section keeps one turn out; what is in neither is missed.
    tablet.edit("subjective", "Nothing to report.")
    tablet.edit("plan", second)
    missed = tablet.find("omission").filter(has_text=first)
    missed.get_by_test_id("dismiss-omission").click()
    missed.get_by_test_id("dismissal-reason").fill("Said of somebody else.")
    missed.get_by_test_id("confirm-dismiss").click()
    expect(missed).to_have_count(0)
    tablet.page.reload()
    tablet.find("all-omissions").click()
    expect(tablet.find("dismissed")).to_contain_text(f"{first} Because: Said of somebody else.")
    tablet.find("restore-omission").click()
    expect(missed).to_have_count(1)
    missed.get_by_test_id("dismiss-omission").click()
    missed.get_by_test_id("dismissal-reason").fill("Not in this visit.")
    missed.get_by_test_id("confirm-dismiss").click()
    expect(missed).to_have_count(0)
    box.switch_on()
    expect(tablet.find("unsent")).to_have_count(0)
    expect(tablet.find("check-state")).to_have_attribute("data-state", "checked")
    checked = box.api("GET", f"/encounters/{visit}/check").json()
    dismissed = [(checked["check"]["omissions"][said["omission"]]["text"], said["reason"]) for said in checked["dismissed"]]
    assert dismissed == [(first, "Not in this visit.")]
    assert_nothing_is_left(tablet)
