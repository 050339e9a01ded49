"""Brings mean and deviation to pixels of 0-255, and refuses numbers that may be meant for pixels of 0-1."""

import math
from collections.abc import Sequence
from fractions import Fraction

from convert.conversion_errors import ConvertError
from convert.preprocessing.said_recipe import Normalisation
from models.manifest import Triple

NO_MEAN: Triple = (0.0, 0.0, 0.0)
NO_STD: Triple = (1.0, 1.0, 1.0)
MAX_PIXEL = 255
MAX_STD = 65504  # of float16, in which AIPP computes


def normalisation_of(mean: Triple | None, std: Triple | None, scale: Fraction | None) -> Normalisation:
    """(x * scale - mean) / std as a normalisation of pixels 0-255. With neither mean nor std it is the scale alone.

    Raises ConvertError if a part is missing, or if the numbers do not tell for which pixels they are meant.
    """
    if (mean is None) != (std is None):
        given, other, none = ("--mean", "--std", "1") if std is None else ("--std", "--mean", "0")
        raise ConvertError(f"{given} is said, but not {other}.", f"If the training had none, add: {other} {none}")
    mean, std = mean or NO_MEAN, std or NO_STD
    if min(std) <= 0:
        raise ConvertError(f"A std must be positive, not {words(std)}.", "Give the deviations, as --std 58.395,57.12,57.375")
    if scale is None:
        _check_told(mean, std)
        scale = Fraction(1)
    result = Normalisation(_unscaled(mean, scale), _unscaled(std, scale))
    if not all(0 <= value <= MAX_PIXEL for value in result.mean) or max(result.std) > MAX_STD:
        what = f"--scale {factor_words(scale)} with --mean {words(mean)} and --std {words(std)}"
        raise ConvertError(
            f"{what} would take a mean of {words(result.mean)} and a std of {words(result.std)} for pixels of 0-255.",
            "Mean and std belong to the pixels after the scale. If they are meant for pixels of 0-255, leave out --scale.",
        )
    return result


def words(numbers: Sequence[float]) -> str:
    """The numbers as an option takes them; one stands for three that are equal."""
    different = numbers[:1] if len(set(numbers)) == 1 else numbers
    return ",".join(f"{number:.12g}" for number in different)


def factor_words(scale: Fraction) -> str:
    """The factor as an option takes it."""
    return str(scale) if scale.denominator < 10**6 else f"{float(scale):.12g}"


def _check_told(mean: Triple, std: Triple) -> None:
    """Raise ConvertError for numbers of which nobody can say whether they are for pixels of 0-1 or of 0-255."""
    small_mean, small_std = max(map(abs, mean)) <= 1, max(std) <= 1
    if not small_std and (not small_mean or not any(mean)):
        return  # 123,116,103 with 58,57,57; or 0 with 255
    if not small_mean and max(std) == min(std) == 1:
        return  # the mean is taken away and nothing is divided, as with Caffe
    raise ConvertError(
        f"--mean {words(mean)} with --std {words(std)} can be meant for pixels of 0-1 or of 0-255.",
        "Say which: for pixels of 0-1 add --scale 1/255, for pixels of 0-255 add --scale 1",
    )


def _unscaled(numbers: Triple, scale: Fraction) -> Triple:
    """Divided by the scale, with 12 digits: so 0.485 becomes 123.675, however the scale was rounded."""
    first, second, third = (float(f"{float(Fraction(number) / scale):.12g}") for number in numbers)
    return (first, second, third) if all(map(math.isfinite, (first, second, third))) else (math.inf,) * 3
