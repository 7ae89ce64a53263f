"""Candidates in real child processes: good, bad and ugly ones."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from bad_candidates import bad

from appliance.runtime.providers.plan import CPU, Candidate, Plan
from appliance.runtime.providers.probe import Reference, Subject, probe
from appliance.runtime.providers.verdict import decide


@pytest.fixture
def reference(subject: Subject) -> Reference:
    trial, found = probe(CPU, subject, None)
    assert trial.failure == ""
    assert trial.report
    assert trial.report.prefill_rate > 0
    assert trial.report.decode_rate > 0
    assert trial.report.placed["CPUExecutionProvider"]["MatMulNBits"]
    assert found
    return found


def test_bad_candidates_lose_with_their_reason(subject: Subject, reference: Reference) -> None:
    for name, reason in (
        ("abort", r"It crashed \(Aborted\): driver: unrecoverable error 999$"),
        ("wrong", r"It gave wrong numbers: \S+ nats from the CPU provider, \d+% of tokens the same\.$"),
        ("nan", r"It gave values that are not numbers\.$"),
        ("killed", r"The kernel killed it, most likely for want of memory\.$"),
        ("half", r"It ended without a result that can be read \(DecodeError\)\.$"),
        ("elsewhere", r"It left \d+ of the model's matrix products to the CPU\.$"),
        ("unknown", r"It ended with exit code 1: ValueError: unknown$"),
    ):
        trial, _ = probe(bad(name), subject, reference)
        assert re.match(reason, trial.failure), trial.failure


def test_a_hang_ends_at_the_limit_with_all_its_processes(subject: Subject, reference: Reference) -> None:
    began = time.monotonic()
    trial, _ = probe(bad("hang"), replace(subject, most_seconds=2), reference)
    assert trial.failure == "It gave no result within 2 seconds."
    assert time.monotonic() - began < 10


def test_too_much_memory_ends_it(subject: Subject, reference: Reference) -> None:
    trial, _ = probe(bad("greedy"), replace(subject, most_bytes=400 << 20), reference)
    assert trial.failure == "It took more than 400 MiB of memory."


def test_a_silent_fallback_is_found(subject: Subject, reference: Reference) -> None:
    """Asked for a provider that it was built without, ONNX Runtime warns and takes the CPU."""
    candidate = Candidate("cuda", "CUDAExecutionProvider", "A test.")
    trial, _ = probe(candidate, replace(subject, module="appliance.note.exercise"), reference)
    assert "did not start CUDAExecutionProvider and would run CPUExecutionProvider instead" in trial.failure


def test_an_interpreter_that_is_not_there_is_said(subject: Subject, reference: Reference) -> None:
    trial, _ = probe(msgspec.structs.replace(bad("fast"), python="/nowhere/python"), subject, reference)
    assert trial.failure == "Its interpreter /nowhere/python cannot be started: No such file or directory."


def test_the_fastest_that_is_right_is_chosen(subject: Subject) -> None:
    candidates = (bad("abort"), bad("wrong"), bad("slow"), bad("fast"), CPU)
    verdict = decide(Plan(candidates), subject, {"model": "1"})
    assert verdict.chosen.name == "fast"
    assert [trial.candidate.name for trial in verdict.trials] == ["abort", "wrong", "slow", "fast", "cpu"]
    lost = verdict.lost()
    assert lost["abort"].startswith("It crashed")
    assert lost["wrong"].startswith("It gave wrong numbers")
    assert lost["slow"].startswith("It is right, but slower: ")
    assert lost["cpu"].startswith("It is right, but slower: ")


def test_openvino_runs_the_graph(subject: Subject, openvino_python: str, tmp_path: Path) -> None:
    options = {"device_type": "CPU", "cache_dir": str(tmp_path), "num_of_threads": "1"}
    candidate = Candidate("openvino-cpu", "OpenVINOExecutionProvider", "A test.", options, python=openvino_python)
    both = replace(subject, module="appliance.note.exercise", most_seconds=150)
    verdict = decide(Plan((candidate, CPU)), both, {}, wanted="openvino-cpu")
    trial = verdict.trials[0]
    assert trial.failure == ""
    assert verdict.chosen.name == "openvino-cpu"
    assert set(trial.left_to_cpu) <= {"GroupQueryAttention"}
    assert trial.report
    assert trial.report.placed["OpenVINOExecutionProvider"]
