"""Memory of large blocks goes back at once."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
from server.serving.allocator import return_large_blocks
assert return_large_blocks()
def rss_mb():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
before_mb = rss_mb()
for _ in range(3):
    kept = []
    for _ in range(40):
        large, small = bytes(b"x" * 4_000_000), b"y" * 100_000
        kept.append(small)  # above it in the heap, if the large one came from there
        del large
    assert rss_mb() - before_mb < 16, rss_mb() - before_mb
    blocks = [b"x" * 4_000_000 for _ in range(20)]
    tops = b"y" * 100_000
    del blocks
    assert rss_mb() - before_mb < 16, rss_mb() - before_mb
"""

PHOTOS = """
import resource
from threading import Thread
from server.serving.allocator import return_large_blocks
assert return_large_blocks()
def photos(count):
    for _ in range(count):
        del [[bytes(b"x" * 100_000), bytearray(500 * 375 * 3)] for _ in range(1)][:]
def faults(count):
    before, thread = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, Thread(target=photos, args=(count,))
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(10)
found = faults(200)
assert found < 2000, found  # 30,000 where each gives its pages back
"""

HOLES = """
import time
from server.serving import allocator
allocator.LOOK_S = 0.05
assert allocator.return_large_blocks()
def rss_mb():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
before_mb = rss_mb()
slices = [b"x" * 65_000 for _ in range(4000)]
kept = slices[::16]
del slices
assert rss_mb() - before_mb > 200, rss_mb() - before_mb
allocator.give_back_holes()
time.sleep(0.2)
large = b"x" * 90_000_000
until_s = time.monotonic() + 10
while rss_mb() - before_mb > 150 and time.monotonic() < until_s:
    time.sleep(0.05)
assert rss_mb() - before_mb < 150, rss_mb() - before_mb  # 330 with the holes
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_blocks_behind_others_go_back() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_photos_take_the_pages_of_those_before_them() -> None:
    subprocess.run([sys.executable, "-c", PHOTOS], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc_trim is glibc's")
def test_pages_between_blocks_go_back_when_the_process_has_grown() -> None:
    subprocess.run([sys.executable, "-c", HOLES], check=True)
