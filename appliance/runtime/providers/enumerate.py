"""What the machine has, by our own reading: ONNX Runtime's list says what was compiled in, not what is there or works.

Everything is read below one root directory, so that a recorded enumeration of another machine can be replayed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

import msgspec

Kind = Literal["gpu", "npu"]

_VENDORS: Final = {0x10DE: "NVIDIA", 0x8086: "Intel", 0x1002: "AMD", 0x1022: "AMD", 0x17CB: "Qualcomm"}
"""Of the PCI ID Repository (pci-ids.ucw.cz)."""
_DISPLAY, _ACCELERATOR = 0x03, 0x12
"""PCI base classes (PCI Code and ID Assignment Specification, section 1)."""
_NVIDIA_DRIVER = re.compile(r"Kernel Module.*?\s(\d+\.\d[\d.]*)\s")
_FOR_GUESTS: Final = frozenset({"vfio-pci", "pci-stub"})
"""Kernel drivers that hold a device for a virtual machine."""


class Device(msgspec.Struct, frozen=True):
    """A processor other than the CPU."""

    kind: Kind
    vendor: str
    id: str
    """PCI vendor and device id such as `8086:7d1d`, or the device tree's `compatible` such as `nvidia,tegra234`."""
    driver: str
    """Kernel driver with its version where it has one; empty if none is bound."""
    node: str
    """Device file through which programs reach it; empty if there is none."""

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.vendor} {self.kind.upper()} {self.id}"

    @property
    def usable(self) -> bool:
        """Whether a kernel driver serves it through a device file."""
        return bool(self.driver and self.node)


class Machine(msgspec.Struct, frozen=True):
    """A machine as inference sees it."""

    processor: str
    devices: tuple[Device, ...]
    runtime: str
    """Name, version and build of ONNX Runtime."""
    compiled: tuple[str, ...]
    """Providers in it."""


def read_machine(root: Path = Path("/")) -> Machine:
    """The machine this process runs on.

    Args:
        root: Holds `proc`, `sys` and `dev`.
    """
    import onnxruntime  # noqa: PLC0415  # replaying an enumeration needs none

    runtime = f"onnxruntime {onnxruntime.__version__} ({' '.join(onnxruntime.get_build_info().split())})"
    return Machine(read_processor(root), read_devices(root), runtime, tuple(onnxruntime.get_available_providers()))


def read_processor(root: Path = Path("/")) -> str:
    """Name of the CPU; `unknown` where the kernel does not tell, as on many Arm boards."""
    match = re.search(r"^model name\s*:\s*(.+)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    return match[1].strip() if match else "unknown"


def read_devices(root: Path = Path("/")) -> tuple[Device, ...]:
    """GPUs and NPUs, on the PCI bus and in the device tree."""
    found = [device for path in sorted((root / "sys/bus/pci/devices").glob("*")) if (device := _pci_device(root, path))]
    return (*found, *_board_devices(root))


def _pci_device(root: Path, path: Path) -> Device | None:
    vendor, device, class_ = (_hexadecimal(path / name) for name in ("vendor", "device", "class"))
    kind = _kind(class_ >> 16)
    if vendor not in _VENDORS or kind is None:
        return None
    name = _VENDORS[vendor]
    driver = _kernel_driver(path)
    if name == "NVIDIA":
        driver = f"{driver} {_nvidia_version(root)}".strip() if driver == "nvidia" else ""  # nouveau runs no CUDA
        node = _node(root, "nvidia[0-9]*")
    else:
        names = [entry.name for entry in (*path.glob("drm/renderD*"), *path.glob("accel/accel*"))]
        node = next((found for entry in names if (found := _node(root, f"dri/{entry}") or _node(root, f"accel/{entry}"))), "")
    return Device(kind, name, f"{vendor:04x}:{device:04x}", driver, node)


def _board_devices(root: Path) -> list[Device]:
    """The GPU of a Jetson and the NPU of a Snapdragon are on no bus; the board's device tree names the chip."""
    tree = _text(root / "proc/device-tree/compatible") or _text(root / "sys/firmware/devicetree/base/compatible")
    names = tree.split("\0")
    devices = []
    if chip := next((name for name in names if name.startswith("nvidia,tegra")), ""):
        driver = f"nvgpu {_nvidia_version(root)}".strip()
        devices.append(Device("gpu", "NVIDIA", chip, driver, _node(root, "nvgpu/igpu0") or _node(root, "nvmap")))
    chip = next((name for name in names if name.startswith("qcom,")), "")
    if chip and (node := _node(root, "fastrpc-cdsp*")):
        devices.append(Device("npu", "Qualcomm", chip, "fastrpc", node))
    return devices


def _kind(base_class: int) -> Kind | None:
    if base_class == _DISPLAY:
        return "gpu"
    return "npu" if base_class == _ACCELERATOR else None


def _kernel_driver(path: Path) -> str:
    link = path / "driver"
    name = link.resolve().name if link.exists() else ""
    if name in _FOR_GUESTS:
        return ""
    version = _text(link / "module" / "version").strip()
    return f"{name} {version}" if version and name != "nvidia" else name


def _nvidia_version(root: Path) -> str:
    match = _NVIDIA_DRIVER.search(_text(root / "proc/driver/nvidia/version"))
    return match[1] if match else ""


def _node(root: Path, pattern: str) -> str:
    return next((f"/dev/{path.relative_to(root / 'dev')}" for path in sorted((root / "dev").glob(pattern))), "")


def _hexadecimal(path: Path) -> int:
    try:
        return int(_text(path), 16)
    except ValueError:
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
