"""The figures of the comparison of decodes, and the photos it sends."""

import pytest

from pipelines.cpu.jpeg_segments import upright_jpeg_px
from tests.bench.decoding import GOALS, Found
from tests.factories.large_photos import LARGE_PHOTOS, SIZE_PX


def test_the_gain_is_the_median_of_the_pairs() -> None:
    found = Found("3 MB", "stream", {"exact": [10, 20, 10], "reduced": [20, 20, 30]}, {"exact": [90, 90, 90], "reduced": [30, 45, 60]})
    assert (found.gain, found.cpu_gain) == (2, 2)
    assert found.row() == "| 3 MB | stream | 10.0 | 20.0 | 2.00 | 90.0 | 45.0 | 2.00 |"
    assert str(found.goal).startswith("met")
    assert Found("3 MB, progressive", "stream").goal is None


@pytest.mark.parametrize(("name", "least_mb", "most_mb"), [("1.2 MB", 1.1, 1.3), ("3 MB", 2.8, 3.2), ("5 MB", 4.7, 5.3)])
def test_the_photos_are_of_12_megapixels_and_of_their_size(name: str, least_mb: float, most_mb: float) -> None:
    photo = LARGE_PHOTOS[name]()
    assert least_mb < len(photo) / 1e6 < most_mb
    assert upright_jpeg_px(photo) == SIZE_PX
    assert name in GOALS
