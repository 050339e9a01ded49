"""How far the answers of two versions agree."""

from dataclasses import dataclass, field
from typing import Literal

from server.types import Prediction

Compared = Literal["same", "other", "failed", "dropped"]
"""The same best class or another one; the shadow gave no answer; there was no room to ask it."""


@dataclass(slots=True)
class ShadowAgreement:
    """The comparisons of two versions so far; `difference` is the sum of the largest differences of `differences` images."""

    outcomes: dict[Compared, int] = field(default_factory=lambda: {"same": 0, "other": 0, "failed": 0, "dropped": 0})
    difference: float = 0.0
    differences: int = 0

    @property
    def share(self) -> float | None:
        """The part of the compared images with the same best class, between 0 and 1; None before the first."""
        compared = self.outcomes["same"] + self.outcomes["other"]
        return self.outcomes["same"] / compared if compared else None

    @property
    def mean_difference(self) -> float | None:
        """The mean of the largest differences; None before the first."""
        return self.difference / self.differences if self.differences else None


def compared(one: Prediction, other: Prediction) -> Compared:
    """Whether the best class is the same."""
    return "same" if [each.class_id for each in one.scores[:1]] == [each.class_id for each in other.scores[:1]] else "other"


def largest_difference(one: Prediction, other: Prediction) -> float | None:
    """The largest difference between the scores of a class; None if the scores are of two kinds.

    A class that one of them does not have among its best counts there as the last of these.
    """
    if one.score_type != other.score_type or not (one.scores and other.scores):
        return None
    ones, others = ({score.class_id: score.score for score in each.scores} for each in (one, other))
    last_one, last_other = one.scores[-1].score, other.scores[-1].score
    return max(abs(ones.get(each, last_one) - others.get(each, last_other)) for each in ones | others)
