"""The administrator's PIN: who sets it, what a guess costs, what a restart forgives."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest
from kiosk_client import assert_problem
from kiosk_network import PIN, NetworkKiosk
from kiosk_time import Time

from appliance.errors import ConflictError, ForbiddenError, InputError, NotPairedError, ThrottledError
from appliance.kiosk.administrator import Administrator
from appliance.kiosk.throttle import LONGEST_WAIT
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore


@pytest.fixture
def store(settings: Settings) -> Iterator[EncounterStore]:
    with contextlib.closing(EncounterStore.open(settings)) as store:
        yield store


@pytest.fixture
def administrator(store: EncounterStore, time: Time) -> Administrator:
    administrator = Administrator(store, time)
    administrator.set_first_pin(administrator.setup_code, PIN)
    return administrator


def test_only_who_reads_the_box_sets_the_first_pin(store: EncounterStore, time: Time) -> None:
    administrator = Administrator(store, time)
    code = administrator.setup_code
    with pytest.raises(ForbiddenError):
        administrator.set_first_pin("0000-0000", PIN)
    with pytest.raises(ThrottledError):
        administrator.set_first_pin(code, PIN)
    time.now += 1
    administrator.check(administrator.set_first_pin(code.lower().replace("-", " "), PIN))
    assert administrator.setup_code == ""
    with pytest.raises(ConflictError):
        administrator.set_first_pin(code, "999111")
    assert Administrator(store, time).setup_code == ""


@pytest.mark.parametrize("pin", ["", "12345", "111111", "123456", "98765432", "x" * 65])
def test_a_simple_pin_is_refused(store: EncounterStore, pin: str) -> None:
    administrator = Administrator(store)
    with pytest.raises(InputError):
        administrator.set_first_pin(administrator.setup_code, pin)
    assert store.pin_hash() is None


def test_the_pin_is_hashed_with_argon2id_and_sealed(administrator: Administrator, store: EncounterStore) -> None:
    administrator.sign_in(PIN)
    hashed = store.pin_hash()
    assert hashed is not None
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,")
    (sealed,) = store._db.execute("SELECT pin FROM administrator").fetchone()
    assert b"argon2" not in sealed


def test_each_wrong_guess_doubles_the_wait_up_to_a_quarter_of_an_hour(administrator: Administrator, time: Time) -> None:
    waits = []
    for _ in range(13):
        with pytest.raises(ForbiddenError):
            administrator.sign_in("000000")
        # The right PIN would end the row, so the wait is read where it is kept.
        wait = administrator._throttle._wait(administrator._store.failures("pin"))
        waits.append(wait)
        time.now += wait
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert max(waits) == LONGEST_WAIT["pin"]


def test_during_the_wait_the_right_pin_is_refused_too(administrator: Administrator, time: Time) -> None:
    for _ in range(4):
        with pytest.raises(ForbiddenError):
            administrator.sign_in("000000")
        time.now += 8
    with pytest.raises(ForbiddenError):
        administrator.sign_in("000000")
    time.now += 15.9
    with pytest.raises(ThrottledError, match="5 wrong attempts") as refused:
        administrator.sign_in(PIN)
    assert refused.value.hint == "Wait 1 second, then try again."
    time.now += 0.1
    administrator.sign_in(PIN)
    with pytest.raises(ForbiddenError):
        administrator.sign_in("000000")
    time.now += 1
    administrator.sign_in(PIN)


def test_a_restart_forgives_nothing(settings: Settings, time: Time) -> None:
    with contextlib.closing(EncounterStore.open(settings)) as store:
        administrator = Administrator(store, time)
        administrator.set_first_pin(administrator.setup_code, PIN)
        for _ in range(5):
            with pytest.raises(ForbiddenError):
                administrator.sign_in("000000")
            time.now += 16
        time.now -= 16
    with contextlib.closing(EncounterStore.open(settings)) as store:
        administrator = Administrator(store, time)
        time.now += 10
        with pytest.raises(ThrottledError, match="5 wrong"):
            administrator.sign_in(PIN)
        time.now += 6
        administrator.sign_in(PIN)


def test_a_guess_counts_before_it_is_compared(
    administrator: Administrator, store: EncounterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(administrator, "_matches", killed)
    with pytest.raises(KeyboardInterrupt):
        administrator.sign_in(PIN)
    assert store.failures("pin").count == 1


def test_a_clock_that_was_set_back_locks_nobody_out(administrator: Administrator, time: Time) -> None:
    with pytest.raises(ForbiddenError):
        administrator.sign_in("000000")
    time.now -= 10 * 365 * 86_400
    with pytest.raises(ThrottledError) as refused:
        administrator.sign_in(PIN)
    assert refused.value.hint.startswith("Wait 1 second,")


def test_the_old_pin_opens_nothing_once_it_was_changed(administrator: Administrator, monkeypatch: pytest.MonkeyPatch) -> None:
    compare = administrator._matches

    def slowly(pin: str, hashed: str) -> bool:
        administrator.change_pin("582017")
        return compare(pin, hashed)

    with monkeypatch.context() as patch:
        patch.setattr(administrator, "_matches", slowly)
        with pytest.raises(ForbiddenError):
            administrator.sign_in(PIN)
    administrator.check(administrator.sign_in("582017"))


def test_a_new_pin_ends_all_sessions(administrator: Administrator, time: Time) -> None:
    token = administrator.sign_in(PIN)
    administrator.check(token)
    administrator.change_pin("582017")
    with pytest.raises(NotPairedError):
        administrator.check(token)
    with pytest.raises(ForbiddenError):
        administrator.sign_in(PIN)
    time.now += 1
    administrator.check(administrator.sign_in("582017"))


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_click(
    administrator: Administrator, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", time)
    token = administrator.sign_in(PIN)
    for _ in range(3):
        time.now += 800
        administrator.check(token)
    time.now += 901
    with pytest.raises(NotPairedError):
        administrator.check(token)


def test_set_up_over_the_network(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.tablet()
    assert "Set-up code" in tablet.html("/setup/")
    assert network_kiosk.connection.state.setup_code == network_kiosk.access.administrator.setup_code != ""
    tablet.set_first_pin(network_kiosk.access.administrator.setup_code)
    assert network_kiosk.connection.state.setup_code == ""
    assert "New room" in tablet.html("/setup/")
    other = network_kiosk.tablet()
    assert "New room" not in other.html("/setup/")
    assert_problem(other.enter_pin("000000"), 403)
    assert_problem(other.enter_pin(), 429)
    assert tablet.post("/setup/sign-out").status_code == 303
    assert_problem(tablet.post("/setup/rooms", name="Room"), 401)


def test_a_wrong_pin_is_shown_to_people_as_a_sentence(network_kiosk: NetworkKiosk) -> None:
    network_kiosk.administrator()
    response = network_kiosk.tablet().request("POST", "/setup/sign-in", data={"pin": "000000"}, headers={"Accept": "text/html"})
    assert response.status_code == 403
    assert "The PIN is wrong." in response.text
    assert "000000" not in response.text


def test_secrets_stand_in_no_log_and_no_file(network_kiosk: NetworkKiosk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    setup_code = network_kiosk.access.administrator.setup_code
    administrator = network_kiosk.administrator()
    administrator.post("/setup/rooms", name="Exam room 1")
    code = administrator.new_code(1)
    network_kiosk.tablet().enter_pin("837465")
    network_kiosk.tablet().pair(code)
    logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore")))
    kept = b"".join(path.read_bytes() for path in network_kiosk.settings.data_dir.rglob("*") if path.is_file())
    for secret in (PIN, "837465", code, setup_code):
        assert secret not in logged
        assert secret.encode() not in kept
