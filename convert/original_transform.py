"""Classifies with the transform with which the weights were trained, to measure how far the recipe is from it."""

from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.conversion_errors import ConvertError
from convert.plain_run import Floats, PlainRun, network_input
from models.manifest import MAX_TOP_K, Recipe, Transform
from models.model_errors import ClassifyError
from models.store import StoredModel
from pipelines.cpu.decoder_warnings import decode_unwarned

Pixels = NDArray[np.uint8]
Ranking = tuple[tuple[int, str, float], ...]
"""The best classes, best first, at most 16, as (class id, label, probability)."""
ENGINE = "original transform"
_OPENCV = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "cubic": cv2.INTER_CUBIC}
MAX_RESIZED_PIXELS = 20_000_000  # an image one pixel wide, scaled to a short side of 256, would take gigabytes


class OriginalTransformSource:
    """The plain network of a model's CPU artifact behind the transform of its weights."""

    def __init__(self, side: str, model: StoredModel, read_image: Callable[[Path], bytes]) -> None:
        """`read_image` answers a file's encoded image or raises ClassifyError.

        Raises ConvertError for a model without a transform, and without Pillow.
        """
        manifest = model.manifest
        if manifest.transform is None:
            raise ConvertError(
                f"{manifest.name!r} is served with the transform of its training itself, so there is no other to compare it with.",
                "Compare it with another side, for example an ONNX file, an OM or a running server.",
            )
        transform, size = manifest.transform, manifest.recipe.network_size_px
        (width, height), resized_to = transform.crop_size_px, transform.resize_size_px
        if width > resized_to[0] or height > resized_to[1] or size != (width, height):
            raise ConvertError(
                f"The transform {transform.name!r} of {manifest.name!r} crops {width}x{height} of {resized_to[0]}x{resized_to[1]} pixels, "
                f"but the network takes {size[0]}x{size[1]}.",
                "Correct the manifest or import the weights again.",
            )
        if transform.interpolation not in _OPENCV:
            _pillow()
        self._transform, self._recipe, self._model, self._read = transform, manifest.recipe, model, read_image
        self._run = PlainRun(model)
        self.facts = {
            "side": side,
            "model": manifest.name,
            "version": manifest.version,
            "engine": f"{ENGINE} {transform.name}",
            "runtime": "cpu",
            "labels_sha256": manifest.labels_sha256,
        }

    def answers(self, paths: Sequence[Path]) -> Generator[Ranking | ClassifyError]:
        """One answer or error per file, in order."""
        for path in paths:
            try:
                picture = transformed(decode(self._read(path)), self._transform, self._recipe)
            except ClassifyError as error:
                yield error
            else:
                yield self._best(softmax(self._run.logits(picture)))

    @cached_property
    def _labels(self) -> list[str]:
        return list(self._model.read_class_names())

    def _best(self, scores: Floats) -> Ranking:
        order = np.argsort(-scores, kind="stable")[:MAX_TOP_K]
        return tuple((int(class_id), self._labels[class_id], float(scores[class_id])) for class_id in order)


def decode(image: bytes) -> Pixels:
    """The pixels, uint8 [H, W, 3] in RGB; raises ConvertError, also after a decoder's warning, as the engine does."""
    try:
        pixels = decode_unwarned(lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), image)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise ConvertError("The image cannot be decoded.")
    return np.asarray(pixels[:, :, ::-1], np.uint8)


def transformed(pixels: Pixels, transform: Transform, recipe: Recipe) -> Floats:
    """From RGB pixels, uint8 [H, W, 3], to the network's input: float32 [1, 3, crop height, crop width]; raises ConvertError.

    Sizes and places follow torchvision (transforms.functional.resize and center_crop); timm uses the same functions.
    """
    width, height = transform.resize_size_px
    if transform.resize == "short_side":
        width, height = resized_size_px(pixels.shape[1], pixels.shape[0], transform.resize_px)
    if width * height > MAX_RESIZED_PIXELS:
        raise ConvertError(f"The image of {pixels.shape[1]}x{pixels.shape[0]} pixels would be resized to {width}x{height}.")
    crop_width, crop_height = transform.crop_size_px
    picture = resized(pixels, width, height, transform.interpolation)
    top, left = round((height - crop_height) / 2), round((width - crop_width) / 2)
    picture = picture[top : top + crop_height, left : left + crop_width]
    return network_input(picture[:, :, ::-1], recipe)


def resized(pixels: Pixels, width_px: int, height_px: int, interpolation: str) -> Pixels:
    """uint8 [H, W, 3] to uint8 [height_px, width_px, 3] by OpenCV, or by Pillow with antialiasing; raises ConvertError without Pillow.

    The rows first, in a call of their own: Pillow 13 begins with the cheaper of the two, which changes single bytes of tall
    pictures; the Pillow that weights were trained with began with the rows.
    """
    if interpolation in _OPENCV:
        return np.asarray(cv2.resize(pixels, (width_px, height_px), interpolation=_OPENCV[interpolation]), np.uint8)
    pillow = _pillow()
    resampling = pillow.Resampling[interpolation.upper()]
    rows = pillow.fromarray(pixels).resize((width_px, pixels.shape[0]), resampling)
    return np.asarray(rows.resize((width_px, height_px), resampling))


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError as error:
        raise ConvertError(
            f"The original transform is computed by Pillow, which cannot be imported: {error}.", "pip install 'ascend-classify[parity]'"
        ) from error
    return Image


def resized_size_px(width_px: int, height_px: int, short_px: int) -> tuple[int, int]:
    """(width, height) with the wanted short side; the long side is truncated to whole pixels."""
    if width_px <= height_px:
        return short_px, int(short_px * height_px / width_px)
    return int(short_px * width_px / height_px), short_px


def softmax(logits: Floats) -> Floats:
    """Probabilities of (classes,)."""
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum(), np.float32)
