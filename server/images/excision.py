"""Removes parts of a byte string."""

from collections.abc import Iterable


def without(data: bytes, parts: Iterable[tuple[int, int]], end: int) -> bytes:
    """`data[:end]` without the ordered ranges [start, stop) in `parts`; `data` itself if nothing is removed."""
    kept = []
    at = 0
    view = memoryview(data)
    for start, stop in parts:
        kept.append(view[at:start])
        at = stop
    if not kept and end == len(data):
        return data
    return b"".join([*kept, view[at:end]])
