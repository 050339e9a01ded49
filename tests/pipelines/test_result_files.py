"""Result files as the SDK's samples write them, to the byte."""

from pathlib import Path

import pytest

from pipelines.pipeline_errors import ResultsInvalid
from pipelines.result_files import make_folder, read_results, result_path, write_result


def test_a_result_is_ids_and_blanks(tmp_path: Path) -> None:
    path = result_path(tmp_path, Path("images/ILSVRC2012_val_00000001.JPEG"))
    write_result(path, [65, 58, 60])
    assert path == tmp_path / "ILSVRC2012_val_00000001_1.txt"
    assert path.read_bytes() == b"65 58 60 \n"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert read_results(tmp_path) == {"ILSVRC2012_val_00000001": [65, 58, 60]}


def test_results_are_read_by_stem_and_other_files_are_left_alone(tmp_path: Path) -> None:
    files = {"a.b_c_1.txt": "1 2", "a.b_c_2.txt": "3", "empty_1.txt": "\n", "notes.txt": "x", ".a_1.txt.part": "x", "d_1.bin": "x"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert read_results(tmp_path) == {"a.b_c": [1, 2], "empty": []}


@pytest.mark.parametrize("text", ["1 two 3", "-1", "1.5", "9" * 10, "1,2", "²"])
def test_what_is_no_id_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a_1.txt").write_text(text, "utf-8")
    with pytest.raises(ResultsInvalid, match=r"a_1\.txt holds"):
        read_results(tmp_path)


def test_folders_and_files_that_cannot_be_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "a_1.txt").mkdir()
    with pytest.raises(ResultsInvalid, match="cannot be created"):
        make_folder(tmp_path / "file" / "below")
    with pytest.raises(ResultsInvalid, match="not a folder"):
        read_results(tmp_path / "file")
    with pytest.raises(ResultsInvalid, match="cannot be written"):
        write_result(tmp_path / "a_1.txt", [1])
    with pytest.raises(ResultsInvalid, match="cannot be read"):
        read_results(tmp_path)
