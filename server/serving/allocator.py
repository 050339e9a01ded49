"""How this process gives memory back: glibc's allocator by itself keeps what large bodies and pictures leave.

It raises the size from which a block has pages of its own to that of the largest block that was freed, up to 32 MB (mallopt(3)). Then
bodies and pictures come from heaps, which are returned only at their ends, and a block that grows is copied. A fixed size ends that.

A fixed size also leaves the other bound at 128 KiB: each photo that is freed at the end of a heap would give its pages back, and the next
one would have the kernel clear fresh ones, some 260 for 500x375 pixels.

Free pages between blocks in use stay with the process all the same. They are given back when the process has grown.
"""

import ctypes
from threading import Thread
from time import sleep

from pipelines.cpu.process_memory import give_back_free, resident_bytes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE_BYTES = 1024 * 1024
"""Above an ordinary photo and its pixels, which stay in the heap: fresh pages would cost more than the copy."""

KEPT_BYTES = 4 * 1024 * 1024
"""What the end of a heap may keep; a thread has a heap, and several threads may share one."""

HOLES_BYTES = 64 * 1024 * 1024
"""The growth of the process after which free pages are given back. A full window of ordinary photos holds less."""

LOOK_S = 1.0


def return_large_blocks() -> bool:
    """Give blocks from LARGE_BYTES on back when they are freed, and keep the pages of smaller ones.

    Returns False where the C library has no such setting, as musl.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, KEPT_BYTES) and mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))


def give_back_holes() -> None:
    """Begin a thread that gives free pages between blocks back, each time the process has grown by HOLES_BYTES since it last did.

    A message of gRPC comes in slices of 64 KB, and the images of a batch are smaller than LARGE_BYTES: 19 MB of them, freed in another
    order than they came, leave half of the heaps free and held (measured: 186 MB of 400).
    """

    def watch() -> None:
        least_bytes = resident_bytes()
        while True:
            sleep(LOOK_S)
            now_bytes = resident_bytes()
            if now_bytes - least_bytes >= HOLES_BYTES:
                if not give_back_free():
                    return
                least_bytes = resident_bytes()
            least_bytes = min(least_bytes, now_bytes)

    Thread(target=watch, name="memory", daemon=True).start()
