"""Put what the page's engines need where the page's build takes it from: WebAssembly runtimes, and the services' own modules.

Nothing is fetched but the msgspec wheel for WebAssembly, in the version and with the hash of requirements/runtime.txt; the
runtimes are in web/node_modules.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gpu_check import gpu_check

ROOT: Final = Path(__file__).parents[1]
WEB: Final = ROOT / "web"
MODULES: Final = WEB / "node_modules"
ASSETS: Final = WEB / "public" / "assets"
"""Of these the build of the page takes over everything as it is."""
ENVIRONMENT: Final = WEB / ".env.local"
"""Tells that build where they are."""
WHEELS: Final = ROOT / "build" / "wheels-wasm"
PLATFORM: Final = "--platform pyemscripten_2026_0_wasm32 --python-version 3.14 --implementation cp --abi cp314".split()
"""Of web/package.json's Pyodide (PEP 783)."""
RUNTIMES: Final = {
    "pyodide": ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"),
    "onnxruntime-web/dist": (
        "ort-wasm-simd-threaded.mjs",
        "ort-wasm-simd-threaded.wasm",
        # For the GPU: the build for every browser with WebGPU, and its JavaScript layer.
        "ort-wasm-simd-threaded.asyncify.mjs",
        "ort-wasm-simd-threaded.asyncify.wasm",
        "ort.webgpu.min.mjs",
    ),
}
ENTRIES: Final = tuple(f"appliance.device.{name}" for name in ("notes", "proposals", "questions", "speech"))
"""What the page imports."""
_DATA: Final = frozenset({".toml", ".tsv", ".txt"})
_PACKAGE: Final = "__init__.py"
_LISTING: Final = """import importlib, sys
sys.modules["numpy"] = None  # a page has none
for name in sys.argv[1:]: importlib.import_module(name)
print(*sorted(sys.modules))
"""
_UNUSED: Final = re.compile(r"\.pyi$|py\.typed$|dist-info/(?!licenses/)")


def main() -> None:
    """Write the folder of the engines, and its name."""
    files = {name: (MODULES / folder / name).read_bytes() for folder, names in RUNTIMES.items() for name in names}
    # Pyodide offers what its list of packages names, from elsewhere on the network; here is none.
    lock = json.loads((MODULES / "pyodide" / "pyodide-lock.json").read_bytes())
    files["pyodide-lock.json"] = json.dumps({**lock, "packages": {}}).encode()
    files |= gpu_check()
    with tempfile.TemporaryDirectory() as directory:
        core = Path(directory) / "core.zip"
        pack(core, {**dict(own_modules()), **dict(msgspec())})
        files["core.zip"] = core.read_bytes()
    for old in ASSETS.glob("engine-*"):
        shutil.rmtree(old)
    version = hashlib.sha256(b"".join(hashlib.sha256(files[name]).digest() for name in sorted(files))).hexdigest()[:12]
    folder = ASSETS / f"engine-{version}"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    ENVIRONMENT.write_text(f"VITE_ENGINES=/assets/{folder.name}/\n", "utf-8")


def own_modules() -> Iterator[tuple[str, bytes]]:
    """The modules that the page imports, with the data files beside them."""
    listed = subprocess.run([sys.executable, "-c", _LISTING, *ENTRIES], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if name.split(".")[0] == "appliance"]
    sources = {Path(*name.split(".")) for name in names}
    for source in sorted(sources):
        place = ROOT / source
        paths = [place / _PACKAGE, *_data(place)] if (place / _PACKAGE).exists() else [place.with_suffix(".py")]
        yield from ((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in paths)


def _data(package: Path) -> Iterator[Path]:
    """The data files of a package, in it or in a folder of it that is no package."""
    folders = (path for path in package.iterdir() if path.is_dir() and not (path / _PACKAGE).exists())
    for folder in (package, *folders):
        yield from sorted(path for path in folder.iterdir() if path.suffix in _DATA)


def msgspec() -> Iterator[tuple[str, bytes]]:
    """The files of msgspec's wheel for WebAssembly."""
    wheels = list(WHEELS.glob("msgspec-*.whl"))
    lock = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    locked = re.search(r"^msgspec==.*?(?=^\S)", lock, re.MULTILINE | re.DOTALL)
    if locked is None:
        raise SystemExit("requirements/runtime.txt does not name msgspec.")
    version = locked[0].split()[0].removeprefix("msgspec==")
    if not any(version in wheel.name for wheel in wheels):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(locked[0])
            wanted.flush()
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", *PLATFORM]
            subprocess.run([*command, "--require-hashes", "-r", wanted.name, "-d", WHEELS], check=True)
        wheels = list(WHEELS.glob(f"msgspec-{version}-*.whl"))
    with zipfile.ZipFile(next(wheel for wheel in wheels if version in wheel.name)) as wheel:
        yield from ((name, wheel.read(name)) for name in sorted(wheel.namelist()) if not _UNUSED.search(name))


def pack(path: Path, files: dict[str, bytes]) -> None:
    """Write a ZIP file that is the same for the same files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
