from __future__ import annotations

import errno
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from small_llama import SMALL
from tiny_adapter import write_adapter
from tiny_llama import TinyLlama

from appliance.errors import BundleError, InputError, StorageError
from appliance.models.llama import LlamaShape
from appliance.models.merge import Merged
from appliance.models.read import read_llama
from appliance.note.model import LanguageModel
from appliance.runtime.bundle import Bundle, Source
from appliance.runtime.signature import check_signature, write_keys
from training.export.compare import REFERENCE, as_markdown, compare
from training.export.pack import pack
from training.export.random_llama import write_random_llama
from training.export.write import Exported, VariantName, export, read_export

FILES = {"model.onnx", "model.onnx.data", "tokenizer.json", "export.json"}
TEXTS = [" ".join(f"w{(7 * i * i + k) % 512}" for i in range(120)) for k in range(3)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("base") / "llama"
    write_random_llama(directory, SMALL)
    return directory


@pytest.fixture(scope="module")
def shape(base: Path) -> LlamaShape:
    return read_llama(base).shape


@pytest.fixture(scope="module")
def adapter(shape: LlamaShape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run") / "adapter"
    write_adapter(directory, shape)
    (directory.parent / "run.json").write_text(json.dumps({"base_sha256": "", "data_sha256": "ab" * 32, "tokens": 7}))
    return directory


def test_an_export_is_complete_and_says_what_it_is(base: Path, adapter: Path, tmp_path: Path) -> None:
    steps: list[tuple[float, float]] = []
    made = export(base, adapter, tmp_path / "out", context=256, progress=lambda done, total: steps.append((done, total)))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert made == read_export(tmp_path / "out")
    assert (made.base, made.variant, made.io, made.context, made.training_data) == (
        "llama",
        "unmerged",
        "float32",
        256,
        "ab" * 32,
    )
    assert made.adapter.startswith("adapter ")
    assert steps == [(1, 2), (2, 2)]
    model = LanguageModel.load(tmp_path / "out", threads=1, context=256)
    assert model.encode("w3 w511") == [3, 511]


def test_a_gguf_base_brings_its_own_tokenizer(tmp_path: Path) -> None:
    TinyLlama(seed=7).write(tmp_path / "tiny.gguf")
    made = export(tmp_path / "tiny.gguf", None, tmp_path / "out")
    assert made == Exported("tiny", "none", "unmerged", "float32", 64, "")
    assert LanguageModel(tmp_path / "out", threads=1, context=64).encode("<|im_start|>abc") == [1, 4]


def test_variants_are_measured_against_each_other(base: Path, adapter: Path, tmp_path: Path) -> None:
    names: tuple[VariantName, ...] = ("unmerged", "merged-int8", "merged-int4")
    for name in names:
        export(base, adapter, tmp_path / name, variant=name)
    export(base, None, tmp_path / "base")
    export(base, adapter, tmp_path / "half", io="float16")
    paths = {name: tmp_path / name for name in (*names, "base", "half")}
    measured = {row.name: row for row in compare(paths, TEXTS, positions=300, rounds=1, threads=1)}
    kl = {name: row.agreement["unmerged"].kl for name, row in measured.items() if name != "unmerged"}
    assert measured["base"].positions == 300
    assert kl["half"] < 0.005
    assert kl["merged-int8"] < 0.005
    assert kl["merged-int8"] < kl["merged-int4"] < kl["base"]
    assert measured["half"].agreement["unmerged"].top1 > 0.9 > measured["base"].agreement["unmerged"].top1
    assert measured["half"].bytes < measured["unmerged"].bytes
    assert all(row.prefill > 0 < row.decode for row in measured.values())
    table = as_markdown(list(measured.values()))
    assert table.splitlines()[2].startswith("| unmerged | ")
    assert "(1.00x)" in table
    assert "over 300 positions" in table


def test_the_same_model_agrees_with_itself_entirely(base: Path, tmp_path: Path) -> None:
    export(base, None, tmp_path / "a")
    export(base, None, tmp_path / "b")
    first, _ = compare({"a": tmp_path / "a", "b": tmp_path / "b"}, TEXTS[:1], positions=100, rounds=0, threads=1)
    assert (first.agreement["b"].kl, first.agreement["b"].top1) == (0.0, 1.0)


def test_all_variants_are_measured_against_torch(base: Path, adapter: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    from training.export.reference import reference

    export(base, adapter, tmp_path / "unmerged")
    export(base, None, tmp_path / "base")
    paths = {"unmerged": tmp_path / "unmerged", "base": tmp_path / "base"}
    rows = compare(paths, TEXTS, reference=reference(base, adapter), positions=300, rounds=0, threads=1)
    assert rows[0].agreement[REFERENCE].kl < 0.005 < rows[1].agreement[REFERENCE].kl
    assert "transformers" in as_markdown(rows)


@pytest.mark.parametrize("io", ["float32", "float16"])
def test_a_full_disk_leaves_the_older_export(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, io: Literal["float32", "float16"]
) -> None:
    export(base, adapter, tmp_path / "out", variant="merged-int8")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    read = Merged.matrix

    def fails_at_the_last(self: Merged, layer: int, name: str) -> object:
        if (layer, name) == (1, "mlp.down_proj"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return read(self, layer, name)

    monkeypatch.setattr(Merged, "matrix", fails_at_the_last)
    with pytest.raises(StorageError, match="No space left"):
        export(base, adapter, tmp_path / "out", variant="merged-int8", io=io)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_nothing_else_is_overwritten(base: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something else"):
        export(base, None, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_wrong_input_is_said_in_one_sentence(base: Path, adapter: Path, shape: LlamaShape, tmp_path: Path) -> None:
    write_adapter(tmp_path / "wider", replace(shape, intermediate=288))
    with pytest.raises(BundleError, match="The adapter wider is for another base"):
        export(base, tmp_path / "wider", tmp_path / "out")
    with pytest.raises(InputError, match="There is no base model"):
        export(tmp_path / "nowhere", adapter, tmp_path / "out")
    with pytest.raises(InputError, match="There is no adapter"):
        export(base, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match="cannot be exported for 5000"):
        export(base, None, tmp_path / "out", context=5000)
    with pytest.raises(InputError, match="does not hold an exported model"):
        compare({"a": base}, TEXTS)
    assert [path.name for path in tmp_path.iterdir()] == ["wider"]


@pytest.fixture
def speech(tmp_path: Path) -> Bundle:
    """A bundle with something for a speech model."""
    from appliance.models.assemble import write_manifest
    from appliance.runtime.bundle import FORMAT, Manifest, NoteModel, SpeechModel

    directory = tmp_path / "speech-bundle"
    (directory / "speech").mkdir(parents=True)
    (directory / "speech" / "model.bin").write_bytes(b"hears")
    (directory / "page").mkdir()
    (directory / "page" / "encoder.onnx").write_bytes(b"hears in the page")
    note = NoteModel("m", "none", "topics", 1, writing="verbatim")
    write_manifest(directory, Manifest(FORMAT, "s", "1", SpeechModel("whisper", page="page"), note, {}, ()))
    return Bundle(directory)


def test_a_bundle_carries_where_it_came_from(base: Path, adapter: Path, speech: Bundle, tmp_path: Path) -> None:
    export(base, adapter, tmp_path / "model", context=512)
    (tmp_path / "card.json").write_text('{"rouge1": 0.5}')
    source = Source("llama", "1", "cd" * 32, "Apache-2.0", "nobody")
    write_keys(tmp_path / "keys")
    made = {"name": "knee", "version": "3"}
    bundle = pack(
        tmp_path / "model",
        speech,
        tmp_path / "b",
        **made,
        strategy="topics",
        score_card=tmp_path / "card.json",
        sources=[source],
        key=tmp_path / "keys" / "private.pem",
    )
    bundle.verify()
    check_signature(bundle.directory, tmp_path / "keys" / "public.pem")
    note = bundle.manifest.note
    assert bundle.label == "knee 3"
    assert (note.model, note.context, note.writing, note.training_data) == ("llama", 512, "tuned", "ab" * 32)
    assert note.adapter == read_export(tmp_path / "model").adapter
    assert json.loads((bundle.directory / note.score_card).read_text()) == {"rouge1": 0.5}
    assert set(bundle.manifest.files) == {
        "note/model.float16.onnx", "note/model.onnx", "note/model.onnx.data", "note/model.unpacked.onnx", "note/tokenizer.json",
        "page/encoder.onnx", "score-card.json", "speech/model.bin",
    }  # fmt: skip
    assert bundle.manifest.sources == (source,)
    logits = LanguageModel.load(bundle.note_directory, threads=1, context=note.context).logits([1, 2, 3])
    assert logits.shape == (3, SMALL["vocab_size"])
    assert np.isfinite(logits).all()
    (bundle.directory / note.score_card).write_text('{"rouge1": 0.9}')
    with pytest.raises(BundleError, match=r"score-card\.json was changed"):
        bundle.verify()


def test_what_cannot_be_packed_is_refused(base: Path, speech: Bundle, tmp_path: Path) -> None:
    export(base, None, tmp_path / "half", io="float16")
    export(base, None, tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="float16"):
        pack(tmp_path / "half", speech, tmp_path / "b", name="n", version="1", strategy="topics")
    with pytest.raises(InputError, match=r"There is no .*tokenizer\.json"):
        pack(tmp_path / "model", speech, tmp_path / "b", name="n", version="1", strategy="topics")
    export(base, None, tmp_path / "model")
    (speech.speech_directory / "model.bin").write_bytes(b"heard")
    with pytest.raises(BundleError, match=r"model\.bin was changed"):
        pack(tmp_path / "model", speech, tmp_path / "b", name="n", version="1", strategy="topics")
    assert not (tmp_path / "b").exists()


def test_from_weights_to_a_signed_bundle_by_command(base: Path, adapter: Path, speech: Bundle, tmp_path: Path) -> None:
    def train(*arguments: object) -> str:
        command = Path(sys.executable).with_name("chartside-train")
        result = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    train("export", tmp_path / "model", "--base", base, "--adapter", adapter)
    train("keys", tmp_path / "keys")
    options = ["--model", tmp_path / "model", "--speech", speech.directory, "--name", "knee", "--version", "3"]
    said = train("pack", tmp_path / "bundle", *options, "--key", tmp_path / "keys" / "private.pem")
    assert "signed" in said
    check_signature(tmp_path / "bundle", tmp_path / "keys" / "public.pem")
    Bundle(tmp_path / "bundle").verify()
    write_keys(tmp_path / "others")
    with pytest.raises(BundleError):
        check_signature(tmp_path / "bundle", tmp_path / "others" / "public.pem")
