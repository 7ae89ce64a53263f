"""What is said is kept through reloads, lost connections and dying services."""

from __future__ import annotations

import pytest
from page_box import Box
from page_driver import PageDriver
from playwright.sync_api import expect

from appliance.audio import CHUNK_BYTES

pytestmark = pytest.mark.browser


def gapless(tablet: PageDriver, box: Box, visit: str) -> bool:
    """The recording on the box is complete: every chunk the page numbered, none missing, none different.

    The box is asked, not the log of the browser's requests: the debugger misses a request now and then while a page reloads.
    """
    stored = box.api("GET", f"/encounters/{visit}").json()
    sent = tablet.chunks[visit]
    last = stored["received_through"]
    assert last >= max(sent)
    assert stored["missing"] == []
    assert {len(chunk) for number, chunk in sent.items() if number < last} == {CHUNK_BYTES}
    return not stored["transcript"]["gaps"]


def test_a_reload_while_recording_is_continued_with_the_next_number(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.page.reload()
    expect(tablet.find("interrupted")).to_contain_text("Not recording.")
    tablet.continue_recording()
    tablet.wait_for_turns(2)
    tablet.finish()
    tablet.wait_for_note()
    assert gapless(tablet, box, visit)


def test_a_reload_without_connection_sends_what_waited(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    # The uploads fail, the page itself still loads.
    tablet.page.route("**/audio/*", lambda route: route.abort("internetdisconnected"))
    expect(tablet.find("offline")).to_contain_text("Recording goes on on this tablet: 2 s waiting.")
    tablet.page.reload()
    tablet.find("continue").wait_for()
    tablet.page.unroute("**/audio/*")
    tablet.finish()
    tablet.wait_for_note()
    assert gapless(tablet, box, visit)


def test_the_list_offers_an_interrupted_recording(tablet: PageDriver) -> None:
    tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.find("back").click()
    tablet.page.reload()
    tablet.find("unfinished").get_by_role("link", name="Open").click()
    tablet.continue_recording()


def test_recording_goes_on_without_connection(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.page.context.set_offline(offline=True)
    expect(tablet.find("offline")).to_contain_text("Connection lost. Recording goes on on this tablet:")
    before = tablet.recorded_seconds()
    tablet.page.wait_for_function(
        "before => [...document.querySelectorAll('[data-testid=recorded]')].some(e => e.textContent >= before)",
        arg=f"0:{before + 3:02}",
    )
    tablet.finish()
    expect(tablet.page.get_by_label("Sending the recording")).to_contain_text("s left")
    tablet.page.context.set_offline(offline=False)
    tablet.wait_for_note()
    assert gapless(tablet, box, visit)


def test_the_kiosk_may_die_while_it_records(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    box.kiosk.kill()
    tablet.wait_for_turns(3)
    tablet.finish()
    tablet.wait_for_note()
    assert gapless(tablet, box, visit)


def test_a_restarting_speech_service_is_named(tablet: PageDriver, box: Box) -> None:
    tablet.start_visit()
    tablet.wait_for_turns(1)
    # It may be back within a moment, so the page is watched from before it dies.
    tablet.page.evaluate("""() => {
        window.banner = new Promise((resolve) => new MutationObserver(() => {
          const shown = document.querySelector("[data-testid=speech-down]");
          if (shown) resolve(shown.textContent);
        }).observe(document.body, { subtree: true, childList: true }));
    }""")
    box.speech.kill()
    assert tablet.page.evaluate("banner") == "The speech service is restarting. Recording goes on."
    tablet.wait_for_turns(3)
    expect(tablet.find("speech-down")).to_have_count(0)


def test_a_second_tab_does_not_record_the_same_visit(tablet: PageDriver) -> None:
    visit = tablet.start_visit()
    tab = tablet.page.context.new_page()
    tab.goto(f"/#/visits/{visit}")
    tab.get_by_test_id("elsewhere").wait_for()
    expect(tab.get_by_test_id("continue")).to_have_count(0)
    tab.close()


def test_a_microphone_that_is_pulled_out_is_named_and_taken_up_again(tablet: PageDriver, box: Box) -> None:
    tablet.page.add_init_script("""
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          if (window.unplugged) throw new DOMException("", "NotFoundError");
          window.stream = await open(wanted);
          return window.stream;
        };
    """)
    tablet.page.reload()
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    # Another microphone is there: it takes over by itself.
    tablet.page.evaluate("stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    tablet.wait_for_turns(2)
    # None is left: the page says so, until one is plugged in.
    tablet.page.evaluate("unplugged = true; stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    expect(tablet.find("interrupted")).to_contain_text("No microphone was found.")
    tablet.page.evaluate("unplugged = false; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    tablet.wait_for_turns(4)
    tablet.finish()
    tablet.wait_for_note()
    assert gapless(tablet, box, visit)


def test_other_audio_under_a_chunks_number_stops_the_recording_clearly(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.page.route("**/audio/*", lambda route: route.abort("internetdisconnected"))
    tablet.find("offline").wait_for()
    taken = box.api("GET", f"/encounters/{visit}").json()["received_through"] + 1
    # It may be on the box already, with its answer lost on the way: then the number after it is free.
    for n in (taken, taken + 1):
        box.api("PUT", f"/encounters/{visit}/audio/{n}", content=b"\1\0" * 8000)
    tablet.expected_errors.add("409")
    tablet.page.unroute("**/audio/*")
    expect(tablet.find("interrupted")).to_contain_text("Finish this visit and start a new one.")
    expect(tablet.find("continue")).to_have_count(0)
    tablet.finish()
    tablet.wait_for_note()
