"""Lists without names: ImageNet's validation set in its order is read, and every other one refused with the line that corrects it."""

import subprocess
from pathlib import Path

import pytest

from models.synsets import devkit_synsets
from server.evaluation.dataset.label_files import read_label_file
from server.evaluation.dataset.validation_order import is_without_names, read_validation_order
from server.evaluation.evaluation_errors import DatasetInvalid

NUMBERS = [490, 361, 171, 822, 297, 482, 13, 704, 599, 164, 649, 11]
KIT = devkit_synsets()
SYNSETS = [KIT[number] for number in NUMBERS]
IN_ORDER = sorted(KIT.values())


@pytest.mark.parametrize(
    "lines",
    [list(map(str, NUMBERS)), SYNSETS, [str(IN_ORDER.index(synset)) for synset in SYNSETS]],
    ids=["numbers of the kit", "synsets", "class ids"],
)
def test_the_three_lists_are_one(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "truth.txt").write_bytes("\r\n".join(lines).encode() + b"\r\n\r\n")
    found = read_label_file((tmp_path / "truth.txt").read_bytes(), tmp_path / "truth.txt")
    assert [line.label for line in found.lines] == SYNSETS
    assert (found.lines[0].name, found.lines[11].name) == ("ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000012.JPEG")


@pytest.mark.parametrize(
    ("lines", "without"),
    [
        (["1", "2"], True),
        (["n01440764"], True),
        (["1", "", "2"], True),
        (["a 1"], False),
        (["a"], False),
        (["1", "n01440764"], False),
        ([], False),
    ],
)
def test_which_lists_have_no_names(lines: list[str], without: bool) -> None:
    assert is_without_names(lines) == without


@pytest.mark.parametrize("lines", [["1", "2", "3"], [str(number + 1) for number in NUMBERS], [str(number) for number in NUMBERS[:9]]])
def test_another_order_is_refused(lines: list[str]) -> None:
    with pytest.raises(DatasetInvalid, match="labels without names"):
        read_validation_order(Path("l.txt"), lines)


def test_a_class_that_imagenet_has_not_is_refused() -> None:
    with pytest.raises(DatasetInvalid, match="line 13: '1001' is not a class of ImageNet"):
        read_validation_order(Path("l.txt"), [*map(str, NUMBERS), "1001"])


def test_the_line_that_corrects_it_does(tmp_path: Path) -> None:
    (tmp_path / "IMAGES").mkdir()
    for name in ("b.png", "a.png"):
        (tmp_path / "IMAGES" / name).touch()
    labels = tmp_path / "my labels.txt"
    labels.write_text("7\n5\n")
    with pytest.raises(DatasetInvalid) as refusal:
        read_label_file(labels.read_bytes(), labels)
    subprocess.run(["sh", "-c", refusal.value.remedy.partition(": ")[2]], cwd=tmp_path, check=True)
    corrected = (tmp_path / "val_label.txt").read_bytes()
    assert [line[1:] for line in read_label_file(corrected, tmp_path / "val_label.txt").lines] == [("a.png", "7"), ("b.png", "5")]
