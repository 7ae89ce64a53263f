from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_onnxruntime_reports_to_nobody(tmp_path: Path) -> None:
    """Its reports begin with an id of the machine, which it writes as soon as it is imported."""
    unsaid = {name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}}
    home = {**unsaid, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "import appliance, onnxruntime"], check=True, env=home)
    assert not list(tmp_path.rglob("deviceid"))
