import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.store import zoo_folder
from models.training.digits import Digit, archive, blocky, draw, main, mixed, read_digits, split, write_folders

ARCHIVE = zoo_folder("resnext_digits") / "digits.zip"

needs_scikit_learn = pytest.mark.skipif(not find_spec("sklearn"), reason="scikit-learn is in the environment of training")


def made(count: int) -> list[Digit]:
    random = np.random.default_rng(0)
    return [Digit(index, index % 10, random.integers(0, 256, (8, 8), np.uint8)) for index in range(count)]


def pixels_of(png: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_the_split_is_even_whole_and_seeded() -> None:
    digits = made(200)
    training, validation = split(digits)
    assert (len(training), len(validation)) == (160, 40)
    assert {digit.index for digit in training} | {digit.index for digit in validation} == set(range(200))
    assert [sum(digit.label == label for digit in validation) for label in range(10)] == [4] * 10
    assert [d.index for d in split(digits)[1]] == [d.index for d in validation] != [d.index for d in split(digits, seed=8)[1]]


def test_drawing() -> None:
    digit = made(1)[0]
    assert np.array_equal(pixels_of(draw(digit, 64, cv2.INTER_NEAREST)), np.kron(digit.pixels, np.ones((8, 8), np.uint8)))


def test_copies_differ_in_side_and_interpolation() -> None:
    pictures = list(mixed(made(3), copies=4))
    assert [picture.path for picture in pictures[:5]] == [*(f"0/digit_0000_{copy}.png" for copy in range(4)), "1/digit_0001_0.png"]
    sides = {pixels_of(picture.png).shape for picture in pictures}
    assert len(sides) > 8
    assert all(32 <= height == width <= 96 for height, width in sides)
    assert {pixels_of(picture.png).shape for picture in blocky(made(3))} == {(64, 64)}


def test_folders(tmp_path: Path) -> None:
    assert write_folders(mixed(made(12)), tmp_path) == 12
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["digit_0001.png", "digit_0011.png"]


def test_the_archive_holds_both_sets() -> None:
    names = zipfile.ZipFile(BytesIO(archive(made(2)))).namelist()
    assert names == ["mixed/0/digit_0000.png", "mixed/1/digit_0001.png", "blocky/0/digit_0000.png", "blocky/1/digit_0001.png"]
    assert archive(made(2)) == archive(made(2)) != archive(made(2), seed=8)


@needs_scikit_learn
def test_the_checked_in_archive_is_what_the_program_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "digits"), "--copies", "1", "--archive", str(tmp_path / "digits.zip")])
    assert (tmp_path / "digits.zip").read_bytes() == ARCHIVE.read_bytes()
    assert capsys.readouterr().out.splitlines()[0].endswith("train: 1438 pictures")
    evaluated = {path.name for path in (tmp_path / "digits/eval").rglob("*.png")}
    assert not evaluated & {path.name for path in (tmp_path / "digits/train").rglob("*.png")}


@needs_scikit_learn
def test_the_source() -> None:
    digits = read_digits()
    assert (len(digits), digits[0].label, int(max(digit.pixels.max() for digit in digits))) == (1797, 0, 255)
