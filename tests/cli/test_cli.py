"""The command line as people and scripts use it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from sample_visits import sample_visits

from appliance.clinical_note import DRAFT_NOTICE
from appliance.runtime.bundle import Bundle


def chartside(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", *(str(argument) for argument in arguments)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=200)


def refused(result: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """One sentence, a hint, the exit code, and no traceback."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    flat = " ".join(result.stderr.split())
    assert "chartside:" in flat
    for part in parts:
        assert part in flat


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 20 seconds of a sample visit."""
    from faster_whisper import decode_audio

    path = tmp_path_factory.mktemp("clip") / "visit.wav"
    samples = decode_audio(str(sample_visits()[0].audio), sampling_rate=16_000)[: 20 * 16_000]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def test_transcribe_prints_turns_with_times(clip: Path) -> None:
    result = chartside("transcribe", clip)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("[00:") for line in lines)


def test_a_transcript_as_json_makes_a_note(clip: Path, tmp_path: Path) -> None:
    transcript = tmp_path / "visit.json"
    transcript.write_text(chartside("transcribe", "--json", clip).stdout, "utf-8")
    turns = json.loads(transcript.read_text("utf-8"))["turns"]
    assert turns
    assert all(word["probability"] <= 1 for turn in turns for word in turn["words"])
    note = json.loads(chartside("note", "--template", "soap", "--json", transcript).stdout)
    assert [section["name"] for section in note["sections"]] == ["subjective", "objective", "assessment", "plan"]


def test_note_from_text_prints_the_note_and_its_notice(tmp_path: Path) -> None:
    visit = tmp_path / "visit.txt"
    visit.write_text(
        "Doctor: What brings you in?\nPatient: My left knee hurts since Monday, I take ibuprofen 400 mg.\n", "utf-8"
    )
    result = chartside("note", visit)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("CHIEF COMPLAINT\n")
    assert result.stdout.rstrip().endswith(DRAFT_NOTICE)


def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, clip: Path) -> None:
    refused(chartside("transcribe", tmp_path / "none.wav"), 2, "cannot be read", "Check the path.")
    refused(chartside("transcribe", tmp_path), 2, "cannot be read")
    text = tmp_path / "words.wav"
    text.write_text("This is not audio.")
    refused(chartside("transcribe", text), 2, "not an audio file")
    empty = tmp_path / "empty.wav"
    empty.touch()
    refused(chartside("transcribe", empty), 2)
    torn = tmp_path / "torn.wav"
    torn.write_bytes(clip.read_bytes()[:100_001])
    refused(chartside("transcribe", torn), 2)


def test_bad_transcripts_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for name, body, message in (
        ("latin.txt", "caf\xe9".encode("latin-1"), "not UTF-8"),
        ("empty.txt", b" \n", "has no turns"),
        ("list.json", b"[]", "does not fit"),
        ("torn.json", b'{"turns": [', "not JSON"),
        ("bytes.json", b"\xff\xfe", "not UTF-8"),
    ):
        path = tmp_path / name
        path.write_bytes(body)
        refused(chartside("note", path), 2, message)


def test_unknown_templates_and_settings_are_refused(tmp_path: Path) -> None:
    visit = tmp_path / "visit.txt"
    visit.write_text("Doctor: Hello.\n", "utf-8")
    refused(chartside("note", "--template", "haiku", visit), 2, "no template 'haiku'", "Known templates: aci, soap.")
    refused(chartside("doctor", CHARTSIDE_PORT="seventy"), 2, "setting port is 'seventy'", "Expected 0 to 65535.")
    settings = tmp_path / "settings.toml"
    settings.write_text("prot = 1\n", "utf-8")
    refused(chartside("doctor", CHARTSIDE_SETTINGS=str(settings)), 2, "no setting named 'prot'")


def test_a_missing_or_damaged_bundle_is_named(default_bundle: Bundle, tmp_path: Path, clip: Path) -> None:
    refused(chartside("transcribe", "--bundle", tmp_path / "none", clip), 3, "no model bundle", "chartside models build")
    copy = tmp_path / "bundle"
    shutil.copytree(default_bundle.directory, copy, copy_function=os.link)
    (copy / "speech" / "model.bin").unlink()
    (copy / "speech" / "model.bin").write_bytes(b"half")
    refused(chartside("models", "verify", "--bundle", copy), 3, "speech/model.bin has 4 bytes")
    refused(chartside("transcribe", "--bundle", copy, clip), 3, "speech/model.bin has 4 bytes")


def test_doctor_reports_as_text_and_json(tmp_path: Path) -> None:
    report = json.loads(chartside("doctor", "--json", "--data-dir", tmp_path).stdout)
    found = {finding["check"]: finding for finding in report["checks"]}
    assert {"versions", "machine", "bundle", "providers", "store", "page", "self-test"} <= set(found)
    assert {finding["level"] for finding in found.values()} <= {"ok", "warning", "failed"}
    assert report["level"] in {"ok", "warning", "failed"}
    note = found["bundle"]["facts"]["models"]["note"]
    assert len(note["files"]["note/model.onnx"]) == 64
    assert found["providers"]["facts"]["chosen"] == "cpu"
    assert found["self-test"]["detail"] == "none yet"
    again = json.loads(chartside("doctor", "--json", "--data-dir", tmp_path).stdout)
    assert "none failed" in next(f for f in again["checks"] if f["check"] == "self-test")["detail"]
    broken = chartside("doctor", "--bundle", tmp_path / "none", "--data-dir", tmp_path)
    assert broken.returncode == 1
    assert "no model bundle" in " ".join(broken.stdout.split())
    last = chartside("doctor", "--data-dir", tmp_path).stdout
    assert "failed in bundle" in " ".join(last.split())


def test_doctor_shows_why_a_provider_lost(tmp_path: Path) -> None:
    """A verdict as the note service leaves it; what its trials do is tested with the providers."""
    lost = {"name": "openvino-npu", "provider": "OpenVINOExecutionProvider", "why": "A test."}
    plain = {"name": "cpu", "provider": "CPUExecutionProvider", "why": "A test."}
    trials = [{"candidate": lost, "failure": "It crashed (Aborted): [driver] error 999"}, {"candidate": plain}]
    (tmp_path / "providers").mkdir()
    verdict = {"chosen": plain, "reason": "No other candidate works.", "trials": trials}
    (tmp_path / "providers" / "verdict.json").write_text(json.dumps(verdict), "utf-8")
    shown = " ".join(chartside("doctor", "--data-dir", tmp_path).stdout.split())
    assert "note model on cpu: No other candidate works." in shown
    assert "openvino-npu lost: It crashed (Aborted): [driver] error 999" in shown


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(chartside("run", "--no-browser", "--port", port, "--data-dir", tmp_path), 5, f"Port {port}", "--port")


def test_every_command_explains_itself() -> None:
    for command in ([], ["run"], ["transcribe"], ["note"], ["doctor"], ["models"], ["models", "build"], ["models", "verify"]):
        result = chartside(*command, "--help")
        assert result.returncode == 0
        assert "Usage: " in result.stdout
