"""What people and tablets of a clinic do with a box: trust it, pair with it, record a visit."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import httpx
import numpy as np
from clinic_network import BOX_ADDRESS
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from kiosk_network import Tablet

from appliance.audio import CHUNK_MEDIA_TYPE, CHUNK_SAMPLES, SAMPLE_RATE

_VISIT: Final = Path(__file__).parent.parent.parent / "samples/visits/type-2-diabetes/audio.opus"
_VISIT_SECONDS: Final = 40
"""Its beginning, which has a wrong dose that is put right."""
_PATIENCE: Final = 300.0


def new_tablet(https_port: int = 443, http_port: int = 80, address: str = "127.0.0.1") -> Tablet:
    """A tablet that got the authority of the box from its trust page."""
    answer = httpx.get(f"http://{address}:{http_port}/chartside.crt", timeout=_PATIENCE)
    authority = x509.load_der_x509_certificate(answer.raise_for_status().content)
    tablet = Tablet(https_port, name_of(authority), authority.public_bytes(Encoding.PEM), address)
    tablet.http.timeout = httpx.Timeout(_PATIENCE)
    return tablet


def wait_for_answer(seconds: float = 60) -> None:
    """Until the trust page of the box is reached from the clinic."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"http://{BOX_ADDRESS}/", timeout=2)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the box does not answer in the clinic"
            time.sleep(0.5)
        else:
            return


def name_of(authority: x509.Certificate) -> str:
    """What a box is called: the first name that its authority may vouch for."""
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    return next(str(name.value) for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName))


def pair(tablet: Tablet, setup_code: str) -> None:
    """Set the first PIN, make a room, and pair the tablet with it."""
    tablet.set_first_pin(setup_code)
    tablet.post("/setup/rooms", name="Exam room 1")
    assert tablet.pair(tablet.new_code(1)).status_code == 303


def record_visit(tablet: Tablet, limit: float, halfway: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Record the beginning of a sample visit, as fast as the box takes it, and wait for the note.

    Args:
        tablet: A paired one.
        limit: Longest time in seconds until there is a note.
        halfway: Called when half of the sound was sent.

    Returns:
        The encounter.
    """
    began = time.monotonic()
    visit = tablet.request("POST", "/api/encounters", json={}).json()["id"]
    pcm = _samples()
    chunks = [pcm[start : start + CHUNK_SAMPLES].tobytes() for start in range(0, len(pcm), CHUNK_SAMPLES)]
    for number, chunk in enumerate(chunks):
        if number == len(chunks) // 2:
            halfway()
        options: dict[str, Any] = {"content": chunk, "headers": {"Content-Type": CHUNK_MEDIA_TYPE}}
        assert tablet.request("PUT", f"/api/encounters/{visit}/audio/{number}", **options).status_code == 200
    assert tablet.request("POST", f"/api/encounters/{visit}/finish", json={"chunks": len(chunks)}).status_code == 202
    while True:
        encounter: dict[str, Any] = tablet.get(f"/api/encounters/{visit}").json()
        if encounter["state"] in {"draft", "failed"}:
            return encounter
        assert time.monotonic() - began < limit, encounter["state"]
        time.sleep(2)


def assert_became_a_note(encounter: dict[str, Any]) -> None:
    assert encounter["state"] == "draft", encounter["problem"]
    assert "metformin" in " ".join(turn["text"] for turn in encounter["transcript"]["turns"]).lower()
    assert any(section["sentences"] for section in encounter["note"]["sections"])


def _samples() -> np.ndarray[Any, np.dtype[np.int16]]:
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    with av.open(str(_VISIT)) as file:
        blocks = [block.to_ndarray()[0] for frame in file.decode(audio=0) for block in resampler.resample(frame)]
    return np.concatenate(blocks)[: _VISIT_SECONDS * SAMPLE_RATE].astype("<i2")
