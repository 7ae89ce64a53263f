"""The execution providers worth trying on a machine, in order, each with its options and why it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.providers.enumerate import Device, Machine

CPU_PROVIDER: Final = "CPUExecutionProvider"
AUTO: Final = "auto"
_CHILD_SECONDS: Final = 180.0
_ENGINE_BUILD_SECONDS: Final = 1200.0
"""TensorRT compiles an engine for the GPU at hand the first time; later starts read it from its cache."""

Provider = tuple[str, dict[str, str]]
"""Name and options, as ONNX Runtime takes them."""


class Candidate(msgspec.Struct, frozen=True):
    """One way to run the note model."""

    name: str
    """As in the setting `provider`."""
    provider: str
    """ONNX Runtime's name."""
    why: str
    """One sentence: why it is in the plan."""
    options: dict[str, str] = {}
    then: tuple[str, ...] = ()
    """Providers between this one and the CPU for what it cannot run."""
    seconds: float = _CHILD_SECONDS
    """Longest trial."""
    python: str = ""
    """Interpreter whose ONNX Runtime has the provider; empty means the one that runs."""

    @property
    def providers(self) -> list[Provider]:
        """What a session is given: the CPU comes last, because some small operators exist nowhere else."""
        rest = [name for name in (*self.then, CPU_PROVIDER) if name != self.provider]
        return [(self.provider, self.options), *((name, {}) for name in rest)]

    @property
    def plain(self) -> bool:
        """Whether it is the CPU provider, which always works and is what the others are compared with."""
        return self.provider == CPU_PROVIDER


CPU: Final = Candidate("cpu", CPU_PROVIDER, "It always works, and the others are compared with it.")


@dataclass(frozen=True)
class Plan:
    """What to try, and what is there but cannot be tried."""

    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()
    """One sentence each."""


@dataclass(frozen=True)
class _Rule:
    """When a provider is tried."""

    name: str
    provider: str
    wants: Callable[[Device], bool] | None
    """The device it runs on; None for the CPU."""
    options: Callable[[Path, int], dict[str, str]]
    """Made from the cache directory and the number of threads."""
    then: tuple[str, ...] = ()
    seconds: float = _CHILD_SECONDS


def _is(vendor: str, kind: str) -> Callable[[Device], bool]:
    return lambda device: (device.vendor, device.kind) == (vendor, kind)


def _openvino(device: str) -> Callable[[Path, int], dict[str, str]]:
    def options(cache: Path, threads: int) -> dict[str, str]:
        made = {"device_type": device, "cache_dir": str(cache / "openvino")}
        return made | ({"num_of_threads": str(threads)} if device == "CPU" and threads else {})

    return options


def _tensorrt(cache: Path, _threads: int) -> dict[str, str]:
    directory = str(cache / "tensorrt")
    return {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": directory,
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": directory,
    }


_RULES: Final = (
    _Rule(
        "tensorrt",
        "TensorrtExecutionProvider",
        _is("NVIDIA", "gpu"),
        _tensorrt,
        ("CUDAExecutionProvider",),
        _ENGINE_BUILD_SECONDS,
    ),
    _Rule("cuda", "CUDAExecutionProvider", _is("NVIDIA", "gpu"), lambda *_: {"device_id": "0"}),
    _Rule("openvino-npu", "OpenVINOExecutionProvider", _is("Intel", "npu"), _openvino("NPU")),
    _Rule("openvino-gpu", "OpenVINOExecutionProvider", _is("Intel", "gpu"), _openvino("GPU")),
    _Rule("openvino-cpu", "OpenVINOExecutionProvider", None, _openvino("CPU")),
    _Rule("qnn", "QNNExecutionProvider", _is("Qualcomm", "npu"), lambda *_: {"backend_type": "htp"}),
)


def make_plan(machine: Machine, *, cache: Path, threads: int = 0) -> Plan:
    """What to try on a machine.

    Args:
        machine: What it has.
        cache: Directory for what providers compile once for the machine, such as TensorRT engines.
        threads: Threads of the note service; 0 means one per core.
    """
    candidates: list[Candidate] = []
    notes: list[str] = []
    for rule in _RULES:
        compiled = rule.provider in machine.compiled
        found = [device for device in machine.devices if rule.wants and rule.wants(device)]
        usable = next((device for device in found if device.usable), None)
        if compiled and (usable or rule.wants is None):
            why = f"{usable.label} is there, with driver {usable.driver}." if usable else "It may run faster on this CPU."
            options = rule.options(cache, threads)
            candidates.append(Candidate(rule.name, rule.provider, why, options, rule.then, rule.seconds))
        elif found and not usable:
            missing = "a device file" if found[0].driver else "a driver that inference can use"
            notes.append(f"{rule.name}: {found[0].label} is there, but without {missing}.")
        elif usable:
            notes.append(f"{rule.name}: {usable.label} is there, but this ONNX Runtime was built without {rule.provider}.")
    return Plan((*candidates, CPU), tuple(notes))
