from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import InputError
from training.datasets.folder import read_folder
from training.visits import Utterance


def put(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = folder / (name.replace("__", ".") + ".txt")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_pairs_are_read_by_name_with_and_without_speakers(tmp_path: Path) -> None:
    put(
        tmp_path,
        b__transcript="Doctor: Any fever?\n\nPATIENT :  No fever, but I cough all night.\r\nDoctor:\n",
        b__note="HISTORY\n\nThe patient coughs all night. No fever.",
        a__transcript="\ufeffI take metformin.\nOkay.",
        a__note="Takes metformin.",
        readme="Not a visit.",
    )
    first, second = read_folder(tmp_path)
    assert (first.id, second.id) == ("folder-a", "folder-b")
    assert {first.source, second.source} == {"folder"}
    assert first.turns == (Utterance("unknown", "I take metformin."), Utterance("unknown", "Okay."))
    assert second.turns == (Utterance("clinician", "Any fever?"), Utterance("patient", "No fever, but I cough all night."))
    assert second.note.startswith("HISTORY")
    assert [line.text for line in second.lines] == ["The patient coughs all night.", "No fever."]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no visits"),
        ({"a__transcript": "Hi."}, r"a\.transcript\.txt has no a\.note\.txt"),
        ({"a__note": "Hi."}, r"a\.note\.txt has no a\.transcript\.txt"),
        ({"a__transcript": "Hi.", "a__note": " \n"}, r"a\.note\.txt is empty"),
        ({"a__transcript": "Doctor:\n\n", "a__note": "Hi."}, r"a\.transcript\.txt holds no turn"),
        ({"a__transcript": b"\xff\xfe\x00", "a__note": "Hi."}, r"a\.transcript\.txt is not UTF-8"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_clear_sentence(
    tmp_path: Path, files: dict[str, str | bytes], message: str
) -> None:
    put(tmp_path, **files)
    with pytest.raises(InputError, match=message):
        read_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        read_folder(tmp_path / "nowhere")
