"""A recorded visit through the real speech service: who spoke each turn."""

from __future__ import annotations

import pytest
from sample_visits import sample_visits
from speaker_errors import speaker_errors

from appliance import recorded
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings
from appliance.supervisor import Supervisor

VISIT = next(visit for visit in sample_visits() if visit.name == "osteoporosis")


@pytest.mark.timeout(600)
def test_clinician_and_patient_are_told_apart(default_bundle: Bundle) -> None:
    with Supervisor(Settings(bundle=default_bundle.directory), ("speech",)) as supervisor:
        transcript = recorded.transcribe(supervisor.client("speech"), VISIT.audio.read_bytes(), lambda _done, _total: None)
    errors = speaker_errors(VISIT.turns, transcript.turns)
    print(f"\n{VISIT.name}: {errors.right} of {errors.turns} turns right, {errors.mixed} mixed, DER {errors.der:.3f}")
    assert errors.turns >= len(VISIT.turns) - 4, "a question and its answer are two turns"
    assert errors.accuracy >= 0.95
    assert errors.mixed <= 1
    assert errors.der < 0.05
