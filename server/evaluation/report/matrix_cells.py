"""The cells of the confusion matrix on a page: a number, and how dark it is."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from server.evaluation.report.confusion import Confusion

BOUNDS = (0.05, 0.15, 0.35, 0.65)
"""Of a cell's share of its row; above the last it is darkest."""


class MatrixRow(NamedTuple):
    """A class, its cells as numbers with their classes of style, and the answers of classes that are not shown."""

    class_id: int
    name: str
    cells: tuple[tuple[int, str], ...]
    others: int


def matrix_rows(confusion: Confusion) -> Iterator[MatrixRow]:
    """The rows. A style is `r` (right) or `w` (wrong) with a number from 1, the palest, to 5; empty without images."""
    for at, (class_id, name, counts, others) in enumerate(
        zip(confusion.classes, confusion.names, confusion.counts, confusion.others, strict=True)
    ):
        total = sum(counts) + others
        cells = tuple(
            (count, f"{'r' if place == at else 'w'}{shade(count / total)}" if count else "") for place, count in enumerate(counts)
        )
        yield MatrixRow(class_id, name, cells, others)


def shade(share: float) -> int:
    """How dark a share is, from 1 to 5."""
    return bisect_left(BOUNDS, share) + 1
