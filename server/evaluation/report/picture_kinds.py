"""Accuracy by the size and the type of the files."""

from collections import defaultdict
from dataclasses import dataclass

from pydantic import BaseModel

from server.evaluation.report.intervals import Share
from server.evaluation.run.records import Record

_SMALLEST_SIDE_PX, _LARGEST_SIDE_PX = 16, 8192  # sides of squares; the bins between are bounded by a doubled side


class SizeRow(BaseModel, frozen=True):
    """The labelled images of at least `from_px` and fewer than `below_px` pixels, and how many were answered rightly."""

    from_px: int
    below_px: int | None
    accuracy: Share


class FormatRow(BaseModel, frozen=True):
    """The labelled images of a file type, and how many were answered rightly."""

    format: str
    accuracy: Share


class PictureKinds(BaseModel, frozen=True):
    """Top-1 by size and by type, over attempted images with a label; those without an answer count as wrong.

    A square with the side `2 ** n` begins a new size, so that runs over different sets have the same sizes. `unknown` are the images
    whose size and type are not in the log: files that were refused.
    """

    sizes: tuple[SizeRow, ...]
    formats: tuple[FormatRow, ...]
    unknown: int


@dataclass(slots=True)
class _Counted:
    images: int = 0
    right: int = 0

    def share(self) -> Share:
        return Share.of(self.right, self.images)


class PictureTally:
    """Counts by size and type."""

    def __init__(self) -> None:
        self._sizes: dict[int, _Counted] = defaultdict(_Counted)
        self._formats: dict[str, _Counted] = defaultdict(_Counted)
        self._unknown = 0

    def add(self, record: Record) -> None:
        """Count one attempted image with a label."""
        pixels = record.width_px * record.height_px
        if not pixels:
            self._unknown += 1
            return
        right = bool(record.top) and record.top[0][0] == record.label
        for counted in (self._sizes[_side_below(pixels)], self._formats[record.format]):
            counted.images += 1
            counted.right += right

    def kinds(self) -> PictureKinds | None:
        """The rows, small images first; None if no size is known, as in logs of older runs."""
        if not self._sizes:
            return None
        return PictureKinds(
            sizes=tuple(self._size_row(side_px) for side_px in sorted(self._sizes)),
            formats=tuple(FormatRow(format=name, accuracy=self._formats[name].share()) for name in sorted(self._formats)),
            unknown=self._unknown,
        )

    def _size_row(self, side_px: int) -> SizeRow:
        return SizeRow(
            from_px=0 if side_px == _SMALLEST_SIDE_PX else (side_px // 2) ** 2,
            below_px=None if side_px > _LARGEST_SIDE_PX else side_px**2,
            accuracy=self._sizes[side_px].share(),
        )


def _side_below(pixels: int) -> int:
    """The side of the smallest square of the scale with more pixels, or twice the largest."""
    side_px = _SMALLEST_SIDE_PX
    while side_px * side_px <= pixels and side_px <= _LARGEST_SIDE_PX:
        side_px *= 2
    return side_px
