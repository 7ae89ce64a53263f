"""The choice over several starts of the note service: kept, renewed, replaced after a failure, and shown."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from appliance.health.providers import check_providers
from appliance.runtime.providers import choice as choices
from appliance.runtime.providers.choice import Choice, choose, known, stand
from appliance.runtime.providers.enumerate import Device, Machine
from appliance.runtime.providers.failures import MOST_DEATHS, Failures
from appliance.runtime.providers.plan import CPU, Candidate, Plan
from appliance.runtime.providers.probe import Subject, Trial
from appliance.runtime.providers.verdict import Tried, Verdict, decide
from appliance.settings import Settings

MACHINE = Machine(
    "A processor", (Device("gpu", "Intel", "8086:7d55", "i915", "/dev/dri/renderD128"),), "onnxruntime 1.24.1",
    ("OpenVINOExecutionProvider", "CPUExecutionProvider"),
)  # fmt: skip
ONLY_CPU = msgspec.structs.replace(MACHINE, compiled=("CPUExecutionProvider",))


class Decider:
    """Stands in for the trials: the candidates named are right, the first of them fastest."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        monkeypatch.setattr(choices, "decide", self)

    def __call__(self, plan: Plan, _subject: Subject, key: dict[str, str], *, wanted: str, tried: Tried) -> Verdict:
        del wanted, tried
        self.calls += 1
        trials = tuple(Trial(candidate, "" if candidate.plain else "A reason.") for candidate in plan.candidates)
        return Verdict(plan.candidates[0], "It is the fastest that is right.", trials, plan.notes, key)


@pytest.fixture
def settings(tiny_bundle: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bundle=tiny_bundle, threads=1)


@pytest.fixture
def decider(monkeypatch: pytest.MonkeyPatch) -> Decider:
    monkeypatch.setattr("atexit.register", lambda _call: None)
    return Decider(monkeypatch)


def start(settings: Settings, machine: Machine = MACHINE) -> Choice:
    return choose(settings, machine=machine)


def test_with_nothing_but_a_cpu_nothing_is_tried(settings: Settings, decider: Decider, tmp_path: Path) -> None:
    choice = start(settings, ONLY_CPU)
    assert choice.providers == [("CPUExecutionProvider", {})]
    assert "nothing had to be tried" in choice.verdict.reason
    assert decider.calls == 0
    assert list(tmp_path.iterdir()) == []


def test_the_setting_cpu_tries_nothing(settings: Settings, decider: Decider) -> None:
    choice = start(changed_settings(settings, provider="cpu"))
    assert choice.candidate == CPU
    assert decider.calls == 0


def test_a_verdict_is_kept_until_what_it_depends_on_changes(settings: Settings, decider: Decider) -> None:
    assert start(settings).candidate.name == "openvino-gpu"
    assert start(settings).candidate.name == "openvino-gpu"
    assert decider.calls == 1
    device = msgspec.structs.replace(MACHINE.devices[0], driver="xe")
    for number, (changed, machine) in enumerate(
        (
            (settings, msgspec.structs.replace(MACHINE, devices=(device,))),
            (settings, msgspec.structs.replace(MACHINE, runtime="onnxruntime 1.25.0")),
            (settings, msgspec.structs.replace(MACHINE, processor="Another")),
            (changed_settings(settings, threads=2), MACHINE),
        )
    ):
        assert stand(changed, machine).stale
        start(changed, machine)
        assert decider.calls == 2 + number


def test_another_model_is_tried_anew(settings: Settings, decider: Decider, tmp_path: Path) -> None:
    start(settings)
    copy = tmp_path / "copy"
    copy.mkdir()
    manifest = (settings.bundle / "bundle.json").read_text("utf-8")
    (copy / "note").symlink_to(settings.bundle / "note")
    sha256 = msgspec.json.decode(manifest)["files"]["note/model.onnx"]["sha256"]
    (copy / "bundle.json").write_text(manifest.replace(sha256, "0" * 64), "utf-8")
    changed = changed_settings(settings, bundle=copy)
    assert stand(changed, MACHINE).stale == ("model",)
    start(changed)
    assert decider.calls == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe\x00", b'{"chosen": 1}'])
def test_a_damaged_verdict_is_made_again(settings: Settings, decider: Decider, damage: bytes) -> None:
    start(settings)
    path = settings.data_dir / "providers" / "verdict.json"
    path.write_bytes(damage)
    assert start(settings).candidate.name == "openvino-gpu"
    assert decider.calls == 2
    assert msgspec.json.decode(path.read_bytes(), type=Verdict).chosen.name == "openvino-gpu"


def test_a_failure_in_use_takes_the_next_at_the_next_start_and_is_shown(
    settings: Settings, decider: Decider, caplog: pytest.LogCaptureFixture
) -> None:
    first = start(settings)
    first.failures.record(first.candidate.name, "A call failed (Fail).", first.verdict.key)
    assert "openvino-gpu failed in use" in caplog.text
    second = start(settings)
    assert second.candidate.name == "openvino-cpu"
    assert decider.calls == 2
    assert "openvino-gpu is not used: A call failed (Fail)." in caplog.text
    finding = check_providers(settings)
    assert finding.level == "warning"
    assert "note model on openvino-cpu" in finding.detail
    assert "openvino-gpu failed in use on " in finding.detail
    newer = msgspec.structs.replace(MACHINE, runtime="onnxruntime 1.25.0")
    assert start(settings, newer).candidate.name == "openvino-gpu"


def test_processes_that_die_count_as_a_failure(settings: Settings, decider: Decider) -> None:
    for _ in range(MOST_DEATHS):
        assert start(settings).candidate.name == "openvino-gpu"  # and no end in order
    assert start(settings).candidate.name == "openvino-cpu"
    assert decider.calls == 2
    (failure,) = known(settings)[1]
    assert failure.reason == f"The process died {MOST_DEATHS} times while it was in use."


def test_ends_in_order_are_no_deaths(settings: Settings, decider: Decider) -> None:
    for _ in range(2 * MOST_DEATHS):
        choice = start(settings)
        choice.failures._end()
    assert choice.candidate.name == "openvino-gpu"
    assert decider.calls == 1


def test_a_provider_that_does_not_load_ends_the_process_and_is_recorded(settings: Settings, tmp_path: Path) -> None:
    """In a process of its own, as the note service: ONNX Runtime has no CUDA here and would take the CPU without a word."""
    script = (
        "import sys; from pathlib import Path\n"
        "from appliance.note.model import LanguageModel\n"
        "from appliance.runtime.providers.choice import Choice\n"
        "from appliance.runtime.providers.failures import Failures\n"
        "from appliance.runtime.providers.plan import Candidate\n"
        "from appliance.runtime.providers.verdict import Verdict\n"
        "cuda = Candidate('cuda', 'CUDAExecutionProvider', 'A test.')\n"
        "choice = Choice(Verdict(cuda, 'A test.', key={'model': '1'}), Failures(Path(sys.argv[1])))\n"
        "LanguageModel.load(Path(sys.argv[2]), threads=1, context=64, providers=choice.providers, failed=choice.failed)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(settings.bundle / "note")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert result.returncode == 70, result.stderr
    assert "execution provider cuda failed in use" in result.stderr
    assert Failures(tmp_path).under({"model": "1"}) == {"cuda": "A call failed (ChartsideError)."}


def test_a_wanted_provider_that_cannot_be_used_is_not_hidden(
    settings: Settings, subject: Subject, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trials(plan: Plan, _subject: Subject, key: dict[str, str], *, wanted: str, tried: Tried) -> Verdict:
        del tried
        return decide(plan, subject, key, wanted=wanted)

    monkeypatch.setattr(choices, "decide", trials)
    wanting = changed_settings(settings, provider="cuda")
    choice = choose(wanting, machine=MACHINE)
    assert choice.candidate == CPU
    assert "the note model does not run on cuda" in caplog.text
    finding = check_providers(wanting)
    assert finding.level == "warning"
    assert "cuda, which cannot be used: It is not in the plan of this machine." in finding.detail


def test_a_directory_that_cannot_be_written_stops_nothing(settings: Settings, decider: Decider, tmp_path: Path) -> None:
    (tmp_path / "providers").write_text("a file where the directory should be", "utf-8")
    assert start(settings).candidate.name == "openvino-gpu"
    assert start(settings).candidate.name == "openvino-gpu"
    assert decider.calls == 2  # each start tries again


def test_a_candidate_says_what_a_session_needs() -> None:
    candidate = Candidate("tensorrt", "TensorrtExecutionProvider", "A test.", {"a": "1"}, ("CUDAExecutionProvider",))
    assert candidate.providers == [
        ("TensorrtExecutionProvider", {"a": "1"}), ("CUDAExecutionProvider", {}), ("CPUExecutionProvider", {}),
    ]  # fmt: skip


def changed_settings(settings: Settings, **changes: object) -> Settings:
    return replace(settings, **changes)  # type: ignore[arg-type]
