"""How this process gives memory back: glibc's allocator by itself keeps what large bodies and pictures leave.

It raises the size from which a block has pages of its own to that of the largest block that was freed, up to 32 MB (mallopt(3)). Then
bodies and pictures come from heaps, which are returned only at their ends, and a block that grows is copied. A fixed size ends that.

A fixed size also leaves the other bound at 128 KiB: each photo that is freed at the end of a heap would give its pages back, and the next
one would have the kernel clear fresh ones, some 260 for 500x375 pixels.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE_BYTES = 1024 * 1024
"""Above an ordinary photo and its pixels, which stay in the heap: fresh pages would cost more than the copy."""

KEPT_BYTES = 4 * 1024 * 1024
"""What the end of a heap may keep; a thread has a heap, and several threads may share one."""


def return_large_blocks() -> bool:
    """Give blocks from LARGE_BYTES on back when they are freed, and keep the pages of smaller ones.

    Returns False where the C library has no such setting, as musl.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, KEPT_BYTES) and mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))
