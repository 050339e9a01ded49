"""Reads every image of a data set and lists those that a training could not read."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.model_errors import ClassifyError
from models.training.listing import Listing, read_listing
from models.training.transforms import read_image

CHUNK = 1024


def unreadable_images(listing: Listing) -> Iterator[tuple[Path, str]]:
    """The images that cannot be read, in the listing's order, with the reason."""
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for first in range(0, len(listing), CHUNK):
            paths = [listing.path(index) for index in range(first, min(first + CHUNK, len(listing)))]
            for path, reason in zip(paths, workers.map(_reason, paths), strict=True):
                if reason:
                    yield path, reason


def _reason(path: Path) -> str:
    return read_image(path)[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """List the unreadable images on standard output; returns the exit code: 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m models.training check", description=__doc__)
    parser.add_argument("data", type=Path, help="class folders, train/ and eval/ of class folders, or a list file")
    parser.add_argument("--evaluation", action="store_true", help="check eval/ (val/, test/), not train/")
    options = parser.parse_args(arguments)
    try:
        listing = read_listing(options.data, training=not options.evaluation)
    except ClassifyError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    count = 0
    for path, reason in unreadable_images(listing):
        count += 1
        sys.stdout.write(f"{path} {reason}\n")
    sys.stdout.write(f"{count} of {len(listing)} images cannot be read\n")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
