"""Decoders that warn: libjpeg and libpng tell of damage inside the coded pixels on C's `stderr`, and OpenCV tells nobody.

While pictures are decoded here, `stderr` is a stream of ours that swallows what is written and marks the writing thread.
Its write function cannot be Python: it is called with the stream locked and would wait for the GIL, while somebody who
holds the GIL may wait for the stream. glibc has a function that fits the place without either:
`write(cookie, buffer, size)` is `pthread_setspecific(key, buffer)`, which leaves the thread's own slot non-null.
"""

import ctypes
import logging
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Self, TypeVar

import cv2

logger = logging.getLogger(__name__)

T = TypeVar("T")

_UNBUFFERED = 2  # _IONBF
_opening = threading.Lock()  # two traps would restore each other
_shared: "list[Trap]" = []


class _CookieFunctions(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("read", "write", "seek", "close")]


class Trap(Protocol):
    """While a thread is inside, what it writes to C's `stderr` is noticed."""

    def __enter__(self) -> Self:
        """Go in, forgetting what was written."""

    def __exit__(self, *of: object) -> None:
        """Go out."""

    @property
    def sprung(self) -> bool:
        """Whether this thread has written since it last went in."""


class StderrTrap:
    """C's `stderr`, replaced while a thread is inside; outside it is what it was, so that a crash can still be told."""

    def __init__(self, libc: Any) -> None:  # noqa: ANN401 - a library has the functions one asks it for
        """Raises AttributeError where the C library is not glibc."""
        _ = libc.gnu_get_libc_version  # others have the functions but keep `stderr` where it cannot be written
        key = ctypes.c_uint()
        libc.pthread_key_create(ctypes.byref(key), None)
        libc.pthread_getspecific.restype = libc.fopencookie.restype = ctypes.c_void_p
        libc.pthread_setspecific.argtypes = (ctypes.c_uint, ctypes.c_void_p)
        libc.fopencookie.argtypes = (ctypes.c_void_p, ctypes.c_char_p, _CookieFunctions)
        libc.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
        functions = _CookieFunctions(write=ctypes.cast(libc.pthread_setspecific, ctypes.c_void_p))
        self._stream = libc.fopencookie(key.value, b"w", functions)
        libc.setvbuf(self._stream, None, _UNBUFFERED, 0)
        self._libc = libc
        self._key = key
        self._stderr = ctypes.c_void_p.in_dll(libc, "stderr")
        self._original = self._stderr.value
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> Self:
        self._libc.pthread_setspecific(self._key, None)
        with self._lock:
            if not self._inside:
                self._original, self._stderr.value = self._stderr.value, self._stream
            self._inside += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._stderr.value = self._original

    @property
    def sprung(self) -> bool:
        """Whether this thread has written to `stderr` since it last went in."""
        return self._libc.pthread_getspecific(self._key) is not None


def open_trap(libc: Any) -> StderrTrap | None:  # noqa: ANN401
    """A trap that has been tried, or None (and a line in the log) where there can be none."""
    try:
        trap = StderrTrap(libc)
        with trap:
            libc.perror(b"")
        if trap.sprung:
            return trap
    except (AttributeError, ValueError):
        pass
    logger.warning("the warnings of the image decoders cannot be heard on this platform: some damaged images will be answered")
    return None


@cache
def _process_trap() -> Trap | None:
    # OpenCV's own lines tell nothing that the frame's error does not.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return _shared[-1] if _shared else open_trap(ctypes.PyDLL(None))


def listen_through(trap: Trap) -> None:
    """Use another's trap (mxclassify's) from now on, as two of different making would restore each other.

    Call it while nobody decodes, before the other decodes at all.
    """
    with _opening:
        _shared.append(trap)
        _process_trap.cache_clear()


def decode_unwarned(decode: Callable[[bytes], T | None], data: bytes) -> T | None:
    """What `decode` makes of the bytes; None, too, if the decoder has warned of them."""
    with _opening:
        trap = _process_trap()
    if trap is None:
        return decode(data)
    with trap:
        decoded = decode(data)
    return None if trap.sprung else decoded
