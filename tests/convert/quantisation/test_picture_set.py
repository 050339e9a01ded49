import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.quantisation.picture_set import PictureSet, collect_pictures
from models.store import StoredModel
from pipelines.cpu.recipe_picture import RecipePicture
from tests.convert.quantisation.conftest import nothing


def test_a_fifth_is_held_out_spread_over_the_list(digits: StoredModel, pictures: PictureSet, digit_files: list[Path]) -> None:
    assert (len(pictures.calibration), len(pictures.held_out)) == (48, 12)
    fifths = digit_files[4::5]
    assert [pictures.hashes[place] for place in pictures.held_out] == [sha256(path.read_bytes()).hexdigest() for path in fifths]
    with RecipePicture(digits.manifest) as picture:
        expected = picture.of(fifths[0].read_bytes())
    assert expected is not None
    np.testing.assert_array_equal(pictures.pixels[48], expected)


def test_the_hash_of_a_list_does_not_depend_on_its_order(pictures: PictureSet) -> None:
    assert pictures.list_sha256([0, 1, 2]) == pictures.list_sha256([2, 0, 1]) != pictures.list_sha256([0, 1, 3])


def test_damaged_and_repeated_pictures_are_left_out_and_told(digits: StoredModel, digit_files: list[Path], tmp_path: Path) -> None:
    again, damaged = tmp_path / "again.png", tmp_path / "damaged.png"
    shutil.copy(digit_files[0], again)
    damaged.write_bytes(digit_files[1].read_bytes()[:60])
    done = list[None]()
    made = collect_pictures(
        digits.manifest, [*digit_files[:12], again, damaged], Path.read_bytes, tmp_path / "pixels", lambda: done.append(None)
    )
    assert (len(made.hashes), len(made.pixels), len(done)) == (12, 12, 14)
    assert {each.path: each.reason for each in made.left_out} == {
        again: "the same image as another file",
        damaged: "the image cannot be decoded",
    }


def test_too_few(digits: StoredModel, digit_files: list[Path], tmp_path: Path) -> None:
    paths = [*digit_files[:9], *digit_files[:1]]
    with pytest.raises(ConvertError, match=r"There are 9 different pictures, 1 are left out, the first, .*: the same image"):
        collect_pictures(digits.manifest, paths, Path.read_bytes, tmp_path / "pixels", nothing)
