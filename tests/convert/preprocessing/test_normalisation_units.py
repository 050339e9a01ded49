"""Mean and std become those of pixels of 0-255; what may be meant for pixels of 0-1 is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD
from convert.preprocessing.normalisation_units import factor_words, normalisation_of
from convert.preprocessing.said_recipe import Normalisation
from models.manifest import Triple

UNIT_MEAN, UNIT_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET = Normalisation(IMAGENET_MEAN, IMAGENET_STD)


@pytest.mark.parametrize("scale", [Fraction(1, 255), Fraction("0.00392156862745098"), Fraction("0.0039215686")])
def test_numbers_of_0_to_1_beside_a_scale(scale: Fraction) -> None:
    found = normalisation_of(UNIT_MEAN, UNIT_STD, scale)
    assert found.mean == pytest.approx(IMAGENET_MEAN, rel=1e-7)
    assert found.std == pytest.approx(IMAGENET_STD, rel=1e-7)
    if scale.denominator == 255:
        assert found == IMAGENET


@pytest.mark.parametrize(
    ("mean", "std", "scale", "found"),
    [
        (IMAGENET_MEAN, IMAGENET_STD, None, IMAGENET),
        (None, None, Fraction(1, 255), Normalisation((0, 0, 0), (255, 255, 255))),
        (None, None, Fraction(1), Normalisation((0, 0, 0), (1, 1, 1))),
        ((1, 1, 1), (1, 1, 1), Fraction(2, 255), Normalisation((127.5,) * 3, (127.5,) * 3)),
        ((0, 0, 0), (255, 255, 255), None, Normalisation((0, 0, 0), (255, 255, 255))),
        ((104, 117, 123), (1, 1, 1), None, Normalisation((104, 117, 123), (1, 1, 1))),
        ((0, 0, 0), (1, 1, 1), Fraction(1), Normalisation((0, 0, 0), (1, 1, 1))),
    ],
)
def test_what_is_certain(mean: Triple | None, std: Triple | None, scale: Fraction | None, found: Normalisation) -> None:
    assert normalisation_of(mean, std, scale) == found


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        (UNIT_MEAN, UNIT_STD),
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ((0, 0, 0), (1, 1, 1)),
        (IMAGENET_MEAN, UNIT_STD),
        (UNIT_MEAN, IMAGENET_STD),
    ],
)
def test_numbers_for_unknown_pixels(mean: Triple, std: Triple) -> None:
    with pytest.raises(ConvertError, match=r"of 0-1 or of 0-255.*of 0-1 add --scale 1/255, for pixels of 0-255 add --scale 1$"):
        normalisation_of(mean, std, None)


@pytest.mark.parametrize(("mean", "std"), [(IMAGENET_MEAN, IMAGENET_STD), ((-0.5,) * 3, (0.5,) * 3), ((0, 0, 0), (300, 300, 300))])
def test_numbers_that_a_scale_does_not_fit(mean: Triple, std: Triple) -> None:
    with pytest.raises(ConvertError, match=r"--scale 1/255 with .*leave out --scale"):
        normalisation_of(mean, std, Fraction(1, 255))


def test_a_part_that_is_missing() -> None:
    with pytest.raises(ConvertError, match=r"--mean is said, but not --std.*add: --std 1$"):
        normalisation_of(IMAGENET_MEAN, None, None)
    with pytest.raises(ConvertError, match=r"--std is said, but not --mean.*add: --mean 0$"):
        normalisation_of(None, IMAGENET_STD, None)


def test_a_std_must_be_positive() -> None:
    with pytest.raises(ConvertError, match="A std must be positive, not 58,0,57"):
        normalisation_of(IMAGENET_MEAN, (58, 0, 57), None)


channels = st.floats(0, 255).map(lambda number: round(number, 3))


@given(st.tuples(channels, channels, channels), st.floats(1.5, 255), st.integers(1, 255))
def test_a_scale_changes_the_words_and_not_the_pixels(mean: Triple, deviation: float, divisor: int) -> None:
    """(x * scale - mean * scale) / (std * scale) is (x - mean) / std."""
    scale = Fraction(1, divisor)
    red, green, blue = (number / divisor for number in mean)
    found = normalisation_of((red, green, blue), (deviation / divisor,) * 3, scale)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert found.std == pytest.approx((deviation,) * 3)


def test_words_as_options_take_them() -> None:
    assert (factor_words(Fraction(1, 255)), factor_words(Fraction(0.00392156862745098))) == ("1/255", "0.00392156862745")
