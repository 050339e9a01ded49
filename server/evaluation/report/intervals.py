"""The statistics of an evaluation, each in closed form."""

from math import sqrt

from pydantic import BaseModel

Z_95 = 1.959963984540054  # the normal distribution's 97.5 % point


class Share(BaseModel, frozen=True):
    """A share of images with its Wilson 95 % interval; both are None without images."""

    value: float | None
    interval: tuple[float, float] | None
    correct: int
    total: int

    @classmethod
    def of(cls, correct: int, total: int) -> "Share":
        """`correct` of `total`."""
        if not total:
            return cls(value=None, interval=None, correct=correct, total=total)
        return cls(value=correct / total, interval=wilson_interval(correct, total), correct=correct, total=total)


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """Wilson's score interval (1927) of a proportion; `total` is at least 1."""
    share, weight = correct / total, Z_95 * Z_95 / total
    centre = share + weight / 2
    half = Z_95 * sqrt(share * (1 - share) / total + weight / (4 * total))
    low = 0.0 if correct == 0 else (centre - half) / (1 + weight)
    high = 1.0 if correct == total else (centre + half) / (1 + weight)
    return low, high


def paired_difference(only_a: int, only_b: int, total: int) -> tuple[float, tuple[float, float]]:
    """The accuracy of B minus that of A on the same images, and its 95 % interval (Bonett and Price, 2012).

    `only_a` and `only_b` are the images that only one got right, of `total`, which is at least 1.
    """
    gained, lost = (only_b + 1) / (total + 2), (only_a + 1) / (total + 2)
    centre, half = gained - lost, Z_95 * sqrt((gained + lost - (gained - lost) ** 2) / (total + 2))
    return (only_b - only_a) / total, (max(-1.0, centre - half), min(1.0, centre + half))


def mcnemar_p(only_a: int, only_b: int) -> float:
    """McNemar's exact two-sided p: the probability that fair coins split the images that only one run got right this unevenly.

    The sum consists of whole numbers and is rounded once, at the end.
    """
    tosses = only_a + only_b
    term = total = 1  # binomial coefficients, from C(n, 0)
    for heads in range(min(only_a, only_b)):
        term = term * (tosses - heads) // (heads + 1)
        total += term
    return min(1.0, 2 * total / (1 << tosses))
