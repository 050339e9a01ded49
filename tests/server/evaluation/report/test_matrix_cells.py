"""The cells of a known matrix."""

import pytest

from server.evaluation.report.confusion import Confusion
from server.evaluation.report.matrix_cells import matrix_rows, shade


def test_a_cell_has_its_number_and_is_as_dark_as_its_share_of_the_row() -> None:
    confusion = Confusion(classes=(3, 7), names=("cat", "dog"), counts=((8, 1), (0, 0)), others=(1, 0), of=60)
    cat, dog = matrix_rows(confusion)
    assert cat == (3, "cat", ((8, "r5"), (1, "w2")), 1)
    assert dog == (7, "dog", ((0, ""), (0, "")), 0)


@pytest.mark.parametrize(("share", "dark"), [(0.001, 1), (0.05, 1), (0.051, 2), (0.35, 3), (0.65, 4), (0.651, 5), (1.0, 5)])
def test_the_bounds_of_shades(share: float, dark: int) -> None:
    assert shade(share) == dark
