from __future__ import annotations

from pathlib import Path

from appliance.update.release import Release
from appliance.update.store import load_floor, raise_floor


def release(version: str, floor: str) -> Release:
    return Release("chartside", version, "x86-64", floor)


def test_the_floor_of_a_proved_system_stays_when_an_older_one_runs_again(tmp_path: Path) -> None:
    raise_floor(release("1.3", "1.2"), tmp_path)
    assert load_floor(release("1.1", "1.0"), tmp_path) == "1.2"


def test_the_floor_never_falls(tmp_path: Path) -> None:
    raise_floor(release("1.10", "1.9"), tmp_path)
    raise_floor(release("1.11", "1.2"), tmp_path)
    assert load_floor(release("1.11", "1.2"), tmp_path) == "1.9"


def test_without_or_with_a_damaged_memory_the_running_system_s_own_floor_holds(tmp_path: Path) -> None:
    assert load_floor(release("1.1", "1.0"), tmp_path / "nowhere") == "1.0"
    raise_floor(release("1.3", "1.2"), tmp_path)
    (tmp_path / "floor.json").write_bytes(b'{"floor":"1.2')
    assert load_floor(release("1.1", "1.0"), tmp_path) == "1.0"
