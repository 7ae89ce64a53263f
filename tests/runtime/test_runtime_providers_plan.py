"""What is tried on which machine, from replayed enumerations."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from appliance.runtime.providers.enumerate import Machine, read_devices, read_machine, read_processor
from appliance.runtime.providers.plan import CPU_PROVIDER, Plan, make_plan
from appliance.settings import PROVIDERS

MACHINES: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "machines.toml").read_text("utf-8"))
GPU_WHEEL = ("TensorrtExecutionProvider", "CUDAExecutionProvider", CPU_PROVIDER)
INTEL_WHEEL = ("OpenVINOExecutionProvider", CPU_PROVIDER)
QUALCOMM_WHEEL = ("QNNExecutionProvider", CPU_PROVIDER)
CPU_WHEEL = ("AzureExecutionProvider", CPU_PROVIDER)


def replay(name: str, root: Path) -> Path:
    """Write a machine's files below a directory."""
    machine = MACHINES[name]
    files = {"proc/cpuinfo": f"processor\t: 0\nmodel name\t: {machine['processor']}\n", **machine.get("files", {})}
    if machine["processor"] == "unknown":
        files["proc/cpuinfo"] = "processor\t: 0\nBogoMIPS\t: 62.50\n"
    files |= {f"dev/{node}": "" for node in machine.get("nodes", ())}
    for number, device in enumerate(machine.get("pci", ())):
        path = f"sys/bus/pci/devices/0000:0{number}:00.0"
        files |= {f"{path}/{key}": f"{device[key]:#06x}\n" for key in ("vendor", "device", "class")}
        files |= {f"{path}/{below}/uevent": "" for below in device.get("below", ())}
        if driver := device.get("driver"):
            (root / f"sys/bus/pci/drivers/{driver}").mkdir(parents=True, exist_ok=True)
            (root / path).mkdir(parents=True)
            (root / path / "driver").symlink_to(f"../../drivers/{driver}")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def plan_of(name: str, compiled: tuple[str, ...], root: Path) -> Plan:
    replay(name, root)
    machine = Machine(read_processor(root), read_devices(root), "onnxruntime", compiled)
    return make_plan(machine, cache=Path("/cache"), threads=2)


@pytest.mark.parametrize(
    ("machine", "compiled", "expected"),
    [
        ("nvidia-pc", GPU_WHEEL, ["tensorrt", "cuda", "cpu"]),
        ("nvidia-open", GPU_WHEEL, ["tensorrt", "cuda", "cpu"]),
        ("nvidia-open", GPU_WHEEL[1:], ["cuda", "cpu"]),
        ("nvidia-pc", CPU_WHEEL, ["cpu"]),
        ("nouveau", GPU_WHEEL, ["cpu"]),
        ("meteor-lake", INTEL_WHEEL, ["openvino-npu", "openvino-gpu", "openvino-cpu", "cpu"]),
        ("meteor-lake-bare", INTEL_WHEEL, ["openvino-cpu", "cpu"]),
        ("jetson-orin", GPU_WHEEL, ["tensorrt", "cuda", "cpu"]),
        ("snapdragon", QUALCOMM_WHEEL, ["qnn", "cpu"]),
        ("server", GPU_WHEEL, ["cpu"]),
        ("server", INTEL_WHEEL, ["openvino-cpu", "cpu"]),
    ],
)
def test_a_machine_gets_the_candidates_it_can_run(
    machine: str, compiled: tuple[str, ...], expected: list[str], tmp_path: Path
) -> None:
    plan = plan_of(machine, compiled, tmp_path)
    assert [candidate.name for candidate in plan.candidates] == expected
    assert all(candidate.why for candidate in plan.candidates)
    assert all(candidate.providers[-1][0] == CPU_PROVIDER for candidate in plan.candidates)
    assert set(expected) < set(PROVIDERS)


def test_what_is_there_but_cannot_be_tried_is_said(tmp_path: Path) -> None:
    for name, compiled, note in (
        ("nvidia-pc", CPU_WHEEL, "cuda: NVIDIA GPU 10de:2882 is there, but this ONNX Runtime was built without"),
        ("nouveau", GPU_WHEEL, "cuda: NVIDIA GPU 10de:2882 is there, but without a driver that inference can use."),
        ("meteor-lake-bare", INTEL_WHEEL, "openvino-npu: Intel NPU 8086:7d1d is there, but without a driver"),
    ):
        notes = plan_of(name, compiled, tmp_path / f"{name}-{len(compiled)}").notes
        assert any(found.startswith(note) for found in notes), notes


def test_options_fit_the_machine(tmp_path: Path) -> None:
    tensorrt, cuda, _ = plan_of("nvidia-pc", GPU_WHEEL, tmp_path / "nvidia").candidates
    assert tensorrt.options["trt_engine_cache_enable"] == "1"
    assert tensorrt.options["trt_engine_cache_path"] == "/cache/tensorrt"
    assert [name for name, _ in tensorrt.providers] == list(GPU_WHEEL)
    assert tensorrt.seconds > cuda.seconds  # building the engine takes minutes
    npu, gpu, cpu, _ = plan_of("meteor-lake", INTEL_WHEEL, tmp_path / "intel").candidates
    assert [c.options["device_type"] for c in (npu, gpu, cpu)] == ["NPU", "GPU", "CPU"]
    assert cpu.options["num_of_threads"] == "2"


def test_drivers_and_processors_are_named(tmp_path: Path) -> None:
    assert read_devices(replay("nvidia-pc", tmp_path / "a"))[0].driver == "nvidia 550.163.01"
    assert read_devices(replay("nvidia-open", tmp_path / "b"))[0].driver == "nvidia 575.57.08"
    (orin,) = read_devices(replay("jetson-orin", tmp_path / "c"))
    assert (orin.label, orin.driver) == ("NVIDIA GPU nvidia,tegra234", "nvgpu 540.4.0")
    assert read_processor(replay("meteor-lake", tmp_path / "d")) == "Intel(R) Core(TM) Ultra 7 155H"
    assert read_processor(tmp_path / "c") == "unknown"


def test_damaged_files_are_no_device(tmp_path: Path) -> None:
    device = replay("nvidia-pc", tmp_path) / "sys/bus/pci/devices/0000:00:00.0"
    (device / "class").write_bytes(b"\xff\xfe")
    assert read_devices(tmp_path) == ()
    assert read_devices(tmp_path / "nothing") == ()


def test_this_machine_is_read() -> None:
    machine = read_machine()
    assert CPU_PROVIDER in machine.compiled
    assert make_plan(machine, cache=Path("/cache")).candidates[-1].name == "cpu"
