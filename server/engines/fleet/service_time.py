"""How long a member takes for an image, measured by the number of images that it has already."""

from dataclasses import dataclass
from time import monotonic

MEAN_GAIN, DEVIATION_GAIN = 1 / 8, 1 / 4  # of the estimator of round-trip times in TCP (Jacobson, 1988; RFC 6298)
DEVIATIONS = 2.0  # above the mean: what is expected to take so long is seldom later
FRESH_S = 2.0  # after that one image is let in again, to see whether a slow moment is over


@dataclass(slots=True)
class _Measured:
    mean_s: float
    deviation_s: float
    at_s: float
    on_trial: bool = False


class ServiceTime:
    """The time from the taking of an image to its answer.

    An image waits in an engine for those that are there before it, so the times are kept by their number. One mean of all would be of
    the load that was: in the first moment of a rush every image would be taken, and answered too late.
    """

    def __init__(self) -> None:
        self._by_ahead: dict[int, _Measured] = {}

    def measured(self, ahead: int, took_s: float, now_s: float | None = None) -> None:
        """Record that an image with so many ahead of it was answered after `took_s`."""
        now_s = monotonic() if now_s is None else now_s
        known = self._by_ahead.get(ahead)
        if known is None or known.on_trial:
            self._by_ahead[ahead] = _Measured(took_s, 0.0, now_s)
            return
        error_s = took_s - known.mean_s
        known.mean_s += MEAN_GAIN * error_s
        known.deviation_s += DEVIATION_GAIN * (abs(error_s) - known.deviation_s)
        known.at_s = now_s

    def expected_s(self, ahead: int, now_s: float | None = None) -> float:
        """So long an image with so many ahead of it is likely to take; 0 without a measurement of so many or fewer, and for a trial."""
        now_s = monotonic() if now_s is None else now_s
        nearest = max((number for number in self._by_ahead if number <= ahead), default=None)
        if nearest is None:
            return 0.0
        known = self._by_ahead[nearest]
        if now_s > known.at_s + FRESH_S:
            known.at_s, known.on_trial = now_s, True
            return 0.0
        return known.mean_s + DEVIATIONS * known.deviation_s
