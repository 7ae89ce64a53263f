"""What tablets fetch to run the models themselves. Who may is tried in `test_kiosk_devices`."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.kiosk.models_api import create_models
from appliance.runtime.bundle import MANIFEST_FILE, Bundle
from appliance.runtime.web import create_service

NOTE = [
    f"note/{name}" for name in ("model.float16.onnx", "model.onnx", "model.onnx.data", "model.unpacked.onnx", "tokenizer.json")
]
WEIGHTS = [f"page/{name}.onnx{data}" for name in ("decoder", "encoder") for data in ("", ".data")]
BESIDE = ["speaker/voice-print.onnx", "speech/vocabulary.txt"]
SPEECH = [*WEIGHTS, "page/alignment.onnx", "page/choice.onnx", "page/voice.onnx", *BESIDE]
MODELS = {"note": NOTE, "speech": SPEECH}


@pytest.fixture
def bundle(default_bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the manifest, with links to the models' files."""
    shutil.copy(default_bundle.directory / MANIFEST_FILE, tmp_path)
    for name in (*NOTE, *SPEECH):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(default_bundle.directory.absolute() / name)
    return tmp_path


@pytest.fixture
def tablet(bundle: Path) -> FlaskClient:
    app = create_service(__name__)
    app.register_blueprint(create_models(bundle))
    return app.test_client()


def get(tablet: FlaskClient, path: str, **headers: str) -> TestResponse:
    """The whole answer; the file behind it is closed."""
    return tablet.get(path, headers=headers, buffered=True)


def files(tablet: FlaskClient) -> dict[str, dict[str, object]]:
    return {file["name"]: file for file in get(tablet, "/api/models").get_json()["files"]}


def test_the_list_is_that_of_the_manifest(tablet: FlaskClient, default_bundle: Bundle) -> None:
    answer = get(tablet, "/api/models").get_json()
    assert answer["bundle"] == default_bundle.label
    assert answer["manifest"] == (default_bundle.directory / MANIFEST_FILE).read_text("utf-8")
    listed = {model: sorted(name for name, file in files(tablet).items() if file["model"] == model) for model in MODELS}
    assert listed == {model: sorted(Path(name).name for name in names) for model, names in MODELS.items()}


def test_a_page_can_tell_files_by_their_names(tablet: FlaskClient) -> None:
    listed = get(tablet, "/api/models").get_json()["files"]
    assert len(files(tablet)) == len(listed) == len(NOTE) + len(SPEECH)


def test_where_pages_cannot_hear_there_is_the_note_model_only(tablet: FlaskClient, bundle: Path) -> None:
    manifest = bundle / MANIFEST_FILE
    manifest.write_text(manifest.read_text("utf-8").replace('"page": "page"', '"page": ""'), "utf-8")
    assert {file["model"] for file in files(tablet).values()} == {"note"}


def test_a_file_comes_under_its_hash(tablet: FlaskClient) -> None:
    file = files(tablet)["model.onnx"]
    content = get(tablet, f"/api/models/{file['sha256']}")
    assert hashlib.sha256(content.data).hexdigest() == file["sha256"]
    assert len(content.data) == file["bytes"]


def test_a_part_of_a_file_goes_on_where_the_last_ended(tablet: FlaskClient) -> None:
    path = f"/api/models/{files(tablet)['model.onnx']['sha256']}"
    whole = get(tablet, path).data
    rest = get(tablet, path, Range="bytes=1000-")
    assert rest.status_code == 206
    assert whole[:1000] + rest.data == whole
    assert get(tablet, path, Range=f"bytes={len(whole)}-").status_code == 416


@pytest.mark.parametrize("name", ["0" * 64, "..%2Fbundle.json", "model.onnx"])
def test_nothing_else_is_served(tablet: FlaskClient, name: str) -> None:
    assert get(tablet, f"/api/models/{name}").status_code == 404


def test_files_of_other_models_are_not_served(tablet: FlaskClient, default_bundle: Bundle) -> None:
    speech = default_bundle.manifest.files["speech/model.bin"].sha256
    assert get(tablet, f"/api/models/{speech}").status_code == 404


def test_after_an_update_the_old_file_is_gone(tablet: FlaskClient, bundle: Path) -> None:
    old = files(tablet)["tokenizer.json"]["sha256"]
    manifest = bundle / MANIFEST_FILE
    manifest.write_text(manifest.read_text("utf-8").replace(str(old), "0" * 64), "utf-8")
    assert get(tablet, f"/api/models/{old}").status_code == 404
