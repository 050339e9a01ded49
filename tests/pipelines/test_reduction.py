"""By how much a JPEG is reduced."""

import pytest

from pipelines.reduction import denominator


@pytest.mark.parametrize(
    ("full_px", "resized_px", "expected"),
    [
        ((4000, 3000), (224, 224), 8),
        ((1792, 1792), (224, 224), 8),
        ((1792, 1791), (224, 224), 4),
        ((1791, 1792), (224, 224), 4),
        ((448, 3000), (224, 224), 2),
        ((447, 3000), (224, 224), 1),
        ((4000, 3000), (341, 256), 8),
        ((0, 0), (224, 224), 1),
    ],
)
def test_both_sides_stay_long_enough(full_px: tuple[int, int], resized_px: tuple[int, int], expected: int) -> None:
    assert denominator(full_px, resized_px) == expected
