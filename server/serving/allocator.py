"""How this process gives memory back: glibc's allocator by itself keeps what large bodies and pictures leave.

It raises the size from which a block has pages of its own to that of the largest block that was freed, up to 32 MB (mallopt(3)). Then
bodies and pictures come from heaps, which are returned only at their ends, and a block that grows is copied. A fixed size ends that.
"""

import ctypes

M_MMAP_THRESHOLD = -3
LARGE_BYTES = 1024 * 1024
"""Above an ordinary photo and its pixels, which stay in the heap: fresh pages would cost more than the copy."""


def return_large_blocks() -> bool:
    """Give blocks from LARGE_BYTES on back when they are freed; returns False where the C library has no such setting, as musl."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))
