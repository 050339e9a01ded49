"""Makes the digits sample set: scikit-learn's 1,797 handwritten digits as PNG class folders, and the validation part as one zip.

The 8x8 digits (UCI "Optical Recognition of Handwritten Digits") are split 80/20 within each class and drawn as grey pictures
of 32 to 96 px per side (mxpi_imageresize refuses smaller ones), enlarged by nearest, linear or area interpolation. In `mixed`, every
digit has a random side and interpolation; `blocky` has the same digits at 64x64, nearest. Everything follows from the seed.
"""

import argparse
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

SEED = 7
CLASSES = 10
VALIDATION_SHARE = 0.2
SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 32, 96
BLOCKY_SIDE_PX = 64
INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA)
ARCHIVE_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip, so that the same digits give the same bytes


@dataclass(frozen=True)
class Digit:
    """One digit: its place in the source's order, its class, and its 8x8 grey pixels (uint8, 0-255)."""

    index: int
    label: int
    pixels: np.ndarray


@dataclass(frozen=True)
class Picture:
    """A drawn digit: its path below the set's folder (`3/digit_0042.png`) and its PNG bytes."""

    path: str
    png: bytes


def read_digits() -> list[Digit]:
    """The digits as scikit-learn ships them, in its order; the source's 0-16 becomes 0-255."""
    from sklearn.datasets import load_digits

    source = load_digits()
    pixels = np.rint(source.images * (255 / 16)).astype(np.uint8)
    return [Digit(index, int(label), pixels[index]) for index, label in enumerate(source.target)]


def split(digits: Sequence[Digit], seed: int = SEED) -> tuple[list[Digit], list[Digit]]:
    """(training, validation), 80/20 of every class, both in the source's order."""
    chosen: set[int] = set()
    for label in range(CLASSES):
        members = [digit.index for digit in digits if digit.label == label]
        order = np.random.default_rng((seed, label)).permutation(members)
        chosen.update(order[: round(len(members) * VALIDATION_SHARE)].tolist())
    return [d for d in digits if d.index not in chosen], [d for d in digits if d.index in chosen]


def draw(digit: Digit, side_px: int, interpolation: int) -> bytes:
    """The digit as a grey PNG of that side."""
    picture = cv2.resize(digit.pixels, (side_px, side_px), interpolation=interpolation)
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def mixed(digits: Sequence[Digit], *, copies: int = 1, seed: int = SEED) -> Iterator[Picture]:
    """Each digit `copies` times; every copy has a random side and interpolation."""
    for digit in digits:
        for copy in range(copies):
            random = np.random.default_rng((seed, digit.index, copy))
            side_px = int(random.integers(SMALLEST_SIDE_PX, LARGEST_SIDE_PX, endpoint=True))
            suffix = f"_{copy}" if copies > 1 else ""
            yield Picture(_path(digit, suffix), draw(digit, side_px, INTERPOLATIONS[random.integers(len(INTERPOLATIONS))]))


def blocky(digits: Sequence[Digit]) -> Iterator[Picture]:
    """Every digit at 64x64; its 8x8 pixels become blocks."""
    return (Picture(_path(digit), draw(digit, BLOCKY_SIDE_PX, cv2.INTER_NEAREST)) for digit in digits)


def _path(digit: Digit, suffix: str = "") -> str:
    return f"{digit.label}/digit_{digit.index:04}{suffix}.png"


def write_folders(pictures: Iterator[Picture], folder: Path) -> int:
    """Write the pictures into class folders; returns their number."""
    count = 0
    for count, picture in enumerate(pictures, 1):  # noqa: B007 - the count is the answer
        path = folder / picture.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.png)
    return count


def archive(validation: Sequence[Digit], seed: int = SEED) -> bytes:
    """The zip in the repository: `mixed/<class>/<name>.png` and `blocky/<class>/<name>.png`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, pictures in (("mixed", mixed(validation, seed=seed)), ("blocky", blocky(validation))):
            for picture in pictures:
                file.writestr(zipfile.ZipInfo(f"{name}/{picture.path}", ARCHIVE_DATE), picture.png)
    return content.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write OUT/train, OUT/eval (mixed) and OUT/blocky, and with --archive the zip; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training digits", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder that gets train/, eval/ and blocky/, each with one folder per class")
    parser.add_argument("--copies", type=int, default=8, help="pictures of each training digit (default: 8)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the split and the drawing (default: 7)")
    parser.add_argument("--archive", type=Path, help="also write the validation pictures as one zip")
    options = parser.parse_args(arguments)

    training, validation = split(read_digits(), options.seed)
    for name, pictures in (
        ("train", mixed(training, copies=options.copies, seed=options.seed)),
        ("eval", mixed(validation, seed=options.seed)),
        ("blocky", blocky(validation)),
    ):
        print(f"{options.out / name}: {write_folders(pictures, options.out / name)} pictures")  # noqa: T201
    if options.archive:
        options.archive.write_bytes(archive(validation, options.seed))
        print(f"{options.archive}: {options.archive.stat().st_size} bytes")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
