"""Find damaged pictures by the warnings of their decoders.

libjpeg and libpng report damage inside the coded pixels only on C's `stderr`; OpenCV does not report it to the caller.
During a decode, `stderr` is a stream of ours. It drops the text and marks the thread that wrote it. Its write function cannot
be Python: C calls it while the stream is locked, and it would wait for the GIL. A thread that holds the GIL may wait for the
stream, which is a deadlock. A function of glibc does the job without the GIL:
`write(cookie, buffer, size)` is `pthread_setspecific(key, buffer)`, which makes the thread's own slot non-null.
"""

import ctypes
import logging
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Self, TypeVar

import cv2

from pipelines.cpu.surplus import without_surplus

logger = logging.getLogger(__name__)

T = TypeVar("T")

_UNBUFFERED = 2  # _IONBF
_opening = threading.Lock()  # two traps at once would restore each other's stream
_shared: "list[Trap]" = []


class _CookieFunctions(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("read", "write", "seek", "close")]


class Trap(Protocol):
    """Notices when a thread that is inside writes to C's `stderr`."""

    def __enter__(self) -> Self:
        """Enter, and forget earlier writes."""

    def __exit__(self, *of: object) -> None:
        """Go out."""

    @property
    def sprung(self) -> bool:
        """Whether this thread has written since its last entry."""


class StderrTrap:
    """Replaces C's `stderr` while a thread is inside. Outside, `stderr` is the original, so that a crash can print its message."""

    def __init__(self, libc: Any) -> None:  # noqa: ANN401 - a library has the functions one asks it for
        """Raises AttributeError where the C library is not glibc."""
        _ = libc.gnu_get_libc_version  # other C libraries have the functions, but their `stderr` cannot be replaced
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
        """Whether this thread has written to `stderr` since its last entry."""
        return self._libc.pthread_getspecific(self._key) is not None


def open_trap(libc: Any) -> StderrTrap | None:  # noqa: ANN401
    """Make a trap and test it. Returns None, and logs a warning, on a platform where a trap does not work."""
    try:
        trap = StderrTrap(libc)
        with trap:
            libc.perror(b"")
        if trap.sprung:
            return trap
    except (AttributeError, ValueError):
        pass
    logger.warning("the warnings of the image decoders cannot be read on this platform: some damaged images will get an answer")
    return None


@cache
def _process_trap() -> Trap | None:
    # OpenCV's own log lines repeat the error of the frame.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return _shared[-1] if _shared else open_trap(ctypes.PyDLL(None))


def listen_through(trap: Trap) -> None:
    """Use the trap of another library (mxclassify) from now on: two different traps would restore each other's stream.

    Call this before that library decodes and while no thread decodes.
    """
    with _opening:
        _shared.append(trap)
        _process_trap.cache_clear()


def decode_unwarned(decode: Callable[[bytes], T | None], data: bytes) -> T | None:
    """Run `decode` on the bytes; returns None if it fails or if the decoder warned of more than what stands behind the picture."""
    with _opening:
        trap = _process_trap()
    if trap is None:
        return decode(data)
    with trap:
        decoded = decode(data)
    if not trap.sprung:
        return decoded
    del decoded  # it may be large
    exact = without_surplus(data)
    if exact is None:
        return None
    with trap:
        decoded = decode(exact)
    return None if trap.sprung else decoded
