"""The picture that a CPU artifact takes of an image, made by the stream that serves, which ends here before the network."""

from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.manifest import ModelManifest
from pipelines.cpu.elements.frame import Visions
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.stream import Stream
from pipelines.cpu.text.spec import parse_pipeline
from pipelines.render import render_picture_stream

Picture = NDArray[np.uint8]


class RecipePicture:
    """Makes one picture after the other; for one caller at a time."""

    def __init__(self, manifest: ModelManifest) -> None:
        [spec] = parse_pipeline(render_picture_stream(manifest, "pictures"))
        self._last = [name for name, element in spec.elements.items() if element.factory.startswith("mxpi_")][-1]
        self._stream = Stream(spec, CpuOptions(refuse_damaged=True))

    def of(self, image: bytes) -> Picture | None:
        """The pixels, uint8 [H, W, 3] in BGR with H and W of `recipe.input_size_px`; None if the image cannot be decoded whole."""
        self._stream.send(0, image)
        delivery = self._stream.delivery(0, None)
        pictures = delivery.metadata.get(self._last) if delivery and not delivery.result.errorCode else None
        return np.asarray(pictures.items[0].pixels, np.uint8) if isinstance(pictures, Visions) else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.stop()
