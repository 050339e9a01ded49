"""The pictures of a quantisation: most calibrate, a fifth is held out to compare the answers with those of f32."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.conversion_errors import ConvertError
from models.manifest import ModelManifest
from models.model_errors import ClassifyError
from pipelines.cpu.recipe_picture import RecipePicture

HELD_OUT = 5  # one of so many
MIN_PICTURES = 10

Pixels = NDArray[np.uint8]
ReadImage = Callable[[Path], bytes]


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class PictureSet:
    """The pictures as the artifact takes them, uint8 [count, H, W, 3] in BGR, in a file: memory holds those that are looked at.

    `hashes` are the sha256 of the encoded images, in the same order.
    """

    pixels: Pixels
    hashes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def calibration(self) -> range:
        """The places of the first part, which calibrates. The pictures of both parts are spread over the whole list."""
        return range(len(self.hashes) - len(self.held_out))

    @property
    def held_out(self) -> range:
        """The places of the second part, which the quantisation never sees."""
        count = len(self.hashes)
        return range(count - count // HELD_OUT, count)

    def list_sha256(self, places: Sequence[int]) -> str:
        """Hash over the sorted hashes of the images at these places."""
        return sha256("".join(f"{each}\n" for each in sorted(self.hashes[place] for place in places)).encode()).hexdigest()


def collect_pictures(
    manifest: ModelManifest, paths: Sequence[Path], read_image: ReadImage, file: Path, done: Callable[[], None]
) -> PictureSet:
    """Decode every image once, by the stream that serves, into `file`; repeated and damaged ones are left out.

    `read_image` answers a file's encoded image or raises ClassifyError; `done` is called after each. Raises ConvertError for too few.
    """
    left_out: list[LeftOut] = []
    hashes: dict[str, None] = {}
    width, height = manifest.recipe.input_size_px
    with file.open("wb") as pixels, RecipePicture(manifest) as picture:
        for path in _held_out_last(paths):
            try:
                image = read_image(path)
                digest = sha256(image).hexdigest()
                made = None if digest in hashes else picture.of(image)
                if made is None:
                    left_out.append(LeftOut(path, "the same image as another file" if digest in hashes else "the image cannot be decoded"))
                else:
                    hashes[digest] = None
                    pixels.write(np.ascontiguousarray(made).data)
            except ClassifyError as error:
                left_out.append(LeftOut(path, error.message))
            done()
    if len(hashes) < MIN_PICTURES:
        told = f", {len(left_out)} are left out, the first, {left_out[0].path}: {left_out[0].reason}" if left_out else ""
        raise ConvertError(
            f"There are {len(hashes)} different pictures{told}; a quantisation needs {MIN_PICTURES} and is good with some hundred.",
            "Name a folder with more of the pictures that the server will see.",
        )
    shape = (len(hashes), height, width, 3)
    return PictureSet(np.memmap(file, np.uint8, "r", shape=shape), tuple(hashes), tuple(left_out))


def _held_out_last(paths: Sequence[Path]) -> Iterable[Path]:
    """The list with each fifth path at its end; lists are often sorted by class, and so both parts have all classes."""
    places = range(len(paths))
    yield from (paths[place] for place in places if place % HELD_OUT != HELD_OUT - 1)
    yield from (paths[place] for place in places if place % HELD_OUT == HELD_OUT - 1)
