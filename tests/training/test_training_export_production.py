"""The production model's size, with random weights: 2.5 GB of checkpoint, 5 GB in torch. Run by hand: `pytest -m slow -s`.

The reference is `transformers` with the quantized weights, dequantized: random weights have no structure that rounding could
spare, so their distance from the original ones says nothing. The likeliest of 128,256 nearly equal tokens is a matter of chance
too, so agreement on it is printed only.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from model_runs import divergence, top1

pytest.importorskip("torch", reason="needs the train extra")

GIGABYTE = 1e9
EXPORT = """
import resource, sys
from pathlib import Path
from training.export.write import export
export(Path(sys.argv[1]), None, Path(sys.argv[2]), io=sys.argv[3], context=8192)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.export.random_llama import write_random_llama

    directory = tmp_path_factory.mktemp("production") / "random-1b"
    write_random_llama(directory)
    return directory


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_1b_shape_is_exported_in_bounded_memory_and_agrees(checkpoint: Path, tmp_path: Path) -> None:
    from training.export.compare import ExportedModel
    from training.export.reference import reference

    for io in ("float32", "float16"):
        started = time.monotonic()
        command = [sys.executable, "-c", EXPORT, str(checkpoint), str(tmp_path / io), io]
        peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        size = (tmp_path / io / "model.onnx.data").stat().st_size
        print(f"{io}: {size / GIGABYTE:.2f} GB in {time.monotonic() - started:.0f} s, peak {peak / GIGABYTE:.2f} GB")
        assert peak < 4 * GIGABYTE
    ids = np.random.default_rng(5).integers(0, 128_256, 128).tolist()
    started = time.monotonic()
    expected = reference(checkpoint, None)(ids)
    print(f"transformers: {time.monotonic() - started:.0f} s")
    for io in ("float32", "float16"):
        started = time.monotonic()
        found = ExportedModel(tmp_path / io, threads=0, context=8192).logits(ids)
        kl, same = divergence(expected, found), top1(expected, found)
        print(f"{io}: KL {kl:.5f} nats, top-1 {same:.3f} over {len(ids)} positions, {time.monotonic() - started:.0f} s")
        assert kl <= 0.01
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"with transformers: peak {peak / GIGABYTE:.1f} GB")
    assert peak < 12 * GIGABYTE
