"""Accuracy by size and by type: known bins, shares and intervals."""

import pytest

from server.evaluation.report.intervals import wilson_interval
from server.evaluation.report.picture_kinds import PictureTally, SizeRow
from server.evaluation.run.records import Record
from tests.server.evaluation.made_run import answer, failure


def tally(*records: Record) -> PictureTally:
    found = PictureTally()
    for record in records:
        found.add(record)
    return found


def test_a_made_run_has_its_sizes_types_and_intervals() -> None:
    small = [answer(n, 1, 1 if n < 6 else 2, format="png", width_px=32, height_px=32) for n in range(10)]
    large = [answer(n, 1, 1, format="jpeg", width_px=640, height_px=480) for n in range(4)]
    broken = failure(20, 1).model_copy(update={"format": "jpeg", "width_px": 640, "height_px": 480})
    kinds = tally(*small, *large, broken, failure(21, 1)).kinds()
    assert kinds
    assert [(row.from_px, row.below_px, row.accuracy.correct, row.accuracy.total) for row in kinds.sizes] == [
        (32 * 32, 64 * 64, 6, 10),
        (512 * 512, 1024 * 1024, 4, 5),
    ]
    assert kinds.sizes[0].accuracy.interval == wilson_interval(6, 10) == pytest.approx((0.3127, 0.8318), abs=1e-4)
    assert [(row.format, row.accuracy.value) for row in kinds.formats] == [("jpeg", 0.8), ("png", 0.6)]
    assert kinds.unknown == 1


@pytest.mark.parametrize(
    ("width_px", "height_px", "from_px", "below_px"),
    [
        (1, 1, 0, 256),
        (15, 17, 0, 256),
        (16, 16, 256, 1024),
        (8192, 8191, 4096**2, 8192**2),
        (8192, 8192, 8192**2, None),
        (65535, 65535, 8192**2, None),
    ],
)
def test_the_bounds_of_sizes(width_px: int, height_px: int, from_px: int, below_px: int | None) -> None:
    kinds = tally(answer(0, 1, 1, format="png", width_px=width_px, height_px=height_px)).kinds()
    assert kinds
    (row,) = kinds.sizes
    assert isinstance(row, SizeRow)
    assert (row.from_px, row.below_px) == (from_px, below_px)


def test_a_log_of_an_older_run_has_none() -> None:
    assert tally(answer(0, 1, 1)).kinds() is None
