"""The memory of a process: how much it holds, and what it can give back."""

import ctypes
import os
import re
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MADV_PAGEOUT = 21


def resident_bytes() -> int:
    """The bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def held_bytes(process: int) -> int:
    """The bytes that another process holds in memory and in swap; 0 where the system does not tell, and when it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    except OSError:
        return 0
    return sum(int(kilobytes) for kilobytes in re.findall(r"^Vm(?:RSS|Swap):\s+(\d+) kB", status, re.MULTILINE)) * 1024


def give_back_free() -> bool:
    """Give what is freed back to the system, which glibc by itself does at the end of a heap only; False for another C library.

    Compiling a model leaves such holes, of about its size.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError):
        return False


def give_back_mapped(folder: Path) -> int:
    """Give back the memory of the files of a folder that this process has mapped to read; what is read again comes from the disk.

    Returns how many mappings that were: none where the kernel cannot (before Linux 5.4). OpenVINO leaves a compiled model mapped whose
    weights it has copied, all of its size.
    """
    begin = f" {folder.resolve()}/"
    try:
        lines = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
        madvise = ctypes.CDLL(None).madvise
    except (AttributeError, OSError):
        return 0
    mapped = [line.split(" ", 2) for line in lines if begin in line]
    ranges = [[int(end, 16) for end in addresses.split("-")] for addresses, rights, _ in mapped if "w" not in rights]
    return sum(madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_PAGEOUT) == 0 for start, end in ranges)
