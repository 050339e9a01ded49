"""Brings mean and deviation to pixels of 0-255, and refuses numbers that may be meant for pixels of 0-1."""

import math
from fractions import Fraction

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_dialects import Write, as_option
from convert.preprocessing.said_recipe import Normalisation
from models.manifest import Triple
from models.recipe_line import number_words

NO_MEAN: Triple = (0.0, 0.0, 0.0)
NO_STD: Triple = (1.0, 1.0, 1.0)
MAX_PIXEL = 255
MAX_STD = 65504  # of float16, in which AIPP computes


def normalisation_of(mean: Triple | None, std: Triple | None, scale: Fraction | None, write: Write = as_option) -> Normalisation:
    """(x * scale - mean) / std as a normalisation of pixels 0-255. With neither mean nor std it is the scale alone.

    Raises ConvertError if a part is missing, or if the numbers do not tell for which pixels they are meant.
    """
    if (mean is None) != (std is None):
        given, other, none = ("mean", "std", "1") if std is None else ("std", "mean", "0")
        raise ConvertError(
            f"{write(given, '')} is said, but not {write(other, '')}.", f"If the training had none, add: {write(other, none)}"
        )
    mean, std = mean or NO_MEAN, std or NO_STD
    numbers = write("mean", number_words(mean)), write("std", number_words(std))
    if min(std) <= 0:
        raise ConvertError(
            f"A std must be positive, not {number_words(std)}.", f"Give the deviations, as {write('std', '58.395,57.12,57.375')}"
        )
    if scale is None:
        if not _tells_its_pixels(mean, std):
            one, other = write("scale", "1/255"), write("scale", "1")
            raise ConvertError(
                "{} with {} can be meant for pixels of 0-1 or of 0-255.".format(*numbers),
                f"Say which: for pixels of 0-1 add {one}, for pixels of 0-255 add {other}",
            )
        scale = Fraction(1)
    result = Normalisation(_unscaled(mean, scale), _unscaled(std, scale))
    if not all(0 <= value <= MAX_PIXEL for value in result.mean) or max(result.std) > MAX_STD:
        what = "{} with {} and {}".format(write("scale", factor_words(scale)), *numbers)
        raise ConvertError(
            f"{what} would take a mean of {number_words(result.mean)} and a std of {number_words(result.std)} for pixels of 0-255.",
            f"Mean and std belong to the pixels after the scale. If they are meant for pixels of 0-255, leave out {write('scale', '')}.",
        )
    return result


def factor_words(scale: Fraction) -> str:
    """The factor as an option takes it."""
    return str(scale) if scale.denominator < 10**6 else f"{float(scale):.12g}"


def _tells_its_pixels(mean: Triple, std: Triple) -> bool:
    """Whether the numbers can only be for pixels of 0-255, and not for those of 0-1 as well."""
    small_mean, small_std = max(map(abs, mean)) <= 1, max(std) <= 1
    if not small_std:
        return not small_mean or not any(mean)  # 123,116,103 with 58,57,57; or 0 with 255
    return not small_mean and max(std) == min(std) == 1  # the mean is taken away and nothing is divided, as with Caffe


def _unscaled(numbers: Triple, scale: Fraction) -> Triple:
    """Divided by the scale, with 12 digits: so 0.485 becomes 123.675, however the scale was rounded."""
    first, second, third = (float(f"{float(Fraction(number) / scale):.12g}") for number in numbers)
    return (first, second, third) if all(map(math.isfinite, (first, second, third))) else (math.inf,) * 3
