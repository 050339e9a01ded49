"""Mutated images to the decoders of the compiled engine, under sanitizers: `python -m tests.soak.decoder PROGRAM --images 20000`.

The program (mxbase_cpp/tests/decode_corpus.cpp) gets the bytes as they are, also those that the server refuses before. It runs once for
each core, each time with another part of the images.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.soak.images import MAX_PIXELS, mutated

SEED = 18
LIMITS = {"OPENCV_IO_MAX_IMAGE_PIXELS": str(MAX_PIXELS)}  # as the server has one
WORST_SHARE = 10
"""At least one image of so many is decoded, and one refused: else the mutations do too much or nothing."""


def decode(program: Path, images: range) -> tuple[int, int]:
    """How many were decoded and how many refused; raises RuntimeError if the program broke or lost one."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | LIMITS) as running:
        assert running.stdin
        assert running.stdout
        try:
            for index in images:
                data = mutated(SEED, index).data
                running.stdin.write(len(data).to_bytes(4, "little") + data)
            running.stdin.close()
        except BrokenPipeError:
            pass  # its exit status tells
        counts = [int(word) for word in running.stdout.read().split()]
    if running.returncode or sum(counts) != len(images):
        raise RuntimeError(f"{program} on images {images.start} to {images.stop}: exit status {running.returncode}, counts {counts}")
    return counts[0], counts[1]


def main() -> int:
    """0 if no sanitizer found a fault and every image was decoded or refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    options = parser.parse_args()
    began_s, cores = time.monotonic(), os.cpu_count() or 1
    ends = [options.images * core // cores for core in range(cores + 1)]
    with ProcessPoolExecutor(cores) as pool:
        found = list(pool.map(decode, [options.program] * cores, map(range, ends, ends[1:])))
    decoded, refused = (sum(counts) for counts in zip(*found, strict=True))
    sys.stdout.write(f"{decoded} images decoded, {refused} refused in {time.monotonic() - began_s:.0f} s; no fault\n")
    return int(min(decoded, refused) * WORST_SHARE < options.images)


if __name__ == "__main__":
    sys.exit(main())
