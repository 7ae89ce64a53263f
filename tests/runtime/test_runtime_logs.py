from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.runtime import logs

SAID = "chest pain since Tuesday"
ENCOUNTER = "0123456789abcdef" * 2


@pytest.fixture
def journal() -> Iterator[socket.socket]:
    """Stands for journald."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"{directory}/socket")
        receiver.settimeout(10)
        yield receiver


@pytest.fixture
def logger(journal: socket.socket) -> Iterator[logging.Logger]:
    logger = logging.getLogger("chartside.test")
    handler = logs.JournalHandler(Path(journal.getsockname()))
    handler.setFormatter(logs._Formatter("%(message)s"))
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def fields(journal: socket.socket) -> dict[str, str]:
    """A datagram read as journald reads it."""
    data, found = journal.recv(1 << 16), {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size, data = int.from_bytes(data[:8], "little"), data[8:]
            value, data = data[:size], data[size + 1 :]
        found[name.decode()] = value.decode()
    return found


def test_a_record_has_fields_to_search_by(journal: socket.socket, logger: logging.Logger) -> None:
    logger.warning("visit %s: late", ENCOUNTER, extra={"event": "visit-late", "encounter": ENCOUNTER})
    found = fields(journal)
    assert found["MESSAGE"] == f"visit {ENCOUNTER}: late"
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == ("4", "chartside")
    assert (found["CHARTSIDE_EVENT"], found["CHARTSIDE_ENCOUNTER"]) == ("visit-late", ENCOUNTER)
    assert found["CHARTSIDE_LOGGER"] == "chartside.test"
    assert found["CODE_FUNC"] == "test_a_record_has_fields_to_search_by"


@pytest.mark.parametrize(("level", "priority"), [("DEBUG", "7"), ("INFO", "6"), ("ERROR", "3"), ("CRITICAL", "3")])
def test_severities_are_those_of_syslog(journal: socket.socket, logger: logging.Logger, level: str, priority: str) -> None:
    logger.setLevel(logging.DEBUG)
    logger.log(getattr(logging, level), "said")
    logger.setLevel(logging.NOTSET)
    assert fields(journal)["PRIORITY"] == priority


def test_a_field_holds_no_text(journal: socket.socket, logger: logging.Logger) -> None:
    for wrong in (SAID, ENCOUNTER + "\nMESSAGE=x", ENCOUNTER[:-1], "Deleted Encounter", ""):
        logger.warning("w", extra={"event": wrong, "encounter": wrong})
        assert not {"CHARTSIDE_EVENT", "CHARTSIDE_ENCOUNTER"} & fields(journal).keys()


def test_lines_in_a_message_make_no_fields(journal: socket.socket, logger: logging.Logger) -> None:
    logger.warning("one\nPRIORITY=0\nCHARTSIDE_EVENT=forged")
    found = fields(journal)
    assert found["MESSAGE"] == "one\nPRIORITY=0\nCHARTSIDE_EVENT=forged"
    assert found["PRIORITY"] == "4"
    assert "CHARTSIDE_EVENT" not in found


def test_an_exception_is_logged_without_its_message(journal: socket.socket, logger: logging.Logger) -> None:
    def fail() -> None:
        raise ValueError(SAID)

    try:
        fail()
    except ValueError:
        logger.exception("broken")
    message = fields(journal)["MESSAGE"]
    assert SAID not in message
    assert message.startswith("broken\n")
    assert message.endswith("ValueError")
    assert "test_runtime_logs.py" in message


def test_nobody_listens_and_nothing_fails(journal: socket.socket, logger: logging.Logger) -> None:
    logger.warning("x" * 10_000_000)
    journal.close()
    logger.warning("gone")


PROCESS = """
    import logging, sys, threading
    from pathlib import Path
    from appliance.runtime import logs
    logs._JOURNAL = Path(sys.argv[1])
    logs.start_logging("info")
    logging.getLogger("a").info("begun", extra={"event": "begun"})
    def fail(): raise ValueError("chest pain since Tuesday")
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    fail()
"""


def run(journal: socket.socket, stream: int, stated: int) -> str:
    """A process with `stream` as its standard error stream, for which systemd states another or the same."""
    status = os.fstat(stated)
    environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), journal.getsockname()]
    subprocess.run(command, stderr=stream, env=environment, check=False)
    return Path(f"/proc/self/fd/{stream}").read_text("utf-8")


def test_a_service_of_systemd_logs_to_the_journal(journal: socket.socket, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w+b") as stream:
        assert run(journal, stream.fileno(), stream.fileno()) == ""
    begun, thread, main = fields(journal), fields(journal), fields(journal)
    assert (begun["MESSAGE"], begun["CHARTSIDE_EVENT"]) == ("begun", "begun")
    for crash in (thread, main):
        assert crash["CHARTSIDE_EVENT"] == "crash"
        assert crash["MESSAGE"].endswith("ValueError")
        assert SAID not in str(crash)


def test_anything_else_logs_plain_lines(journal: socket.socket, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w+b") as stream, (tmp_path / "other").open("wb") as other:
        written = run(journal, stream.fileno(), other.fileno())
    assert written.startswith("INFO a: begun\n")
    assert written.count("ValueError") >= 2
    assert SAID not in written
