"""Where the coded data of a JPEG scan end, and where their restarts are (ITU-T T.81, B.1.1.5)."""

import re

import numpy as np

_MARK, _MARK_BUT_RESTART = re.compile(rb"\xff[^\x00\xff]"), re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FIRST_BYTES, _MOST_BYTES = 128 * 1024, 1024 * 1024
"""The slices that are searched.

In the first, `re` searches and keeps the interpreter: in an ordinary photo that takes less than to get it back from other threads. In the
others NumPy searches, which is faster and lets other threads go on.
"""


def find_scan_end(data: bytes, start: int, *, restarts: bool) -> int | None:
    """Where from `start` on the marker behind the scan stands; None if there is none. Looks at each byte once.

    Within a scan FF 00 is a byte of value FF, and FF D0 to FF D7 are restarts, if DRI has announced any.
    """
    end = min(start + _FIRST_BYTES, len(data))
    if found := (_MARK_BUT_RESTART if restarts else _MARK).search(data, start, end):
        return found.start()
    while end < len(data):
        start, end = end - 1, min(end - 1 + _MOST_BYTES, len(data))  # a mark may lie across the border
        mark = _first_mark(data, start, end, restarts=restarts)
        if mark is not None:
            return mark
    return None


def _first_mark(data: bytes, start: int, end: int, *, restarts: bool) -> int | None:
    """Where the first marker stands in [start, end)."""
    coded = np.frombuffer(data, np.uint8, end - start, start)
    before, behind = coded[:-1], coded[1:]
    marks = before == 0xFF
    marks &= behind != 0
    if not marks.any():  # as in nearly all slices
        return None
    marks &= behind != 0xFF
    if restarts:
        marks &= (behind & 0xF8) != 0xD0
    found = int(marks.argmax())
    return start + found if marks[found] else None


def find_restart(data: bytes, start: int, end: int, number: int) -> int | None:
    """Where in [start, end) the restart stands that comes after `number` others; None if there are not so many."""
    while start < end - 1:
        stop = min(start + _MOST_BYTES, end)
        coded = np.frombuffer(data, np.uint8, stop - start, start)
        marks = (coded[:-1] == 0xFF) & ((coded[1:] & 0xF8) == 0xD0)
        found = int(np.count_nonzero(marks))
        if found > number:
            return start + int(np.flatnonzero(marks)[number])
        number -= found
        start = stop - 1  # a restart may lie across the border
    return None
