"""Bytes without some of their parts."""

from collections.abc import Iterable


def without(data: bytes, parts: Iterable[tuple[int, int]], end: int) -> bytes:
    """`data[:end]` without the ranges [start, stop) in `parts`, which are in order; `data` itself if that is all of it."""
    kept = []
    at = 0
    view = memoryview(data)
    for start, stop in parts:
        kept.append(view[at:start])
        at = stop
    if not kept and end == len(data):
        return data
    return b"".join([*kept, view[at:end]])
