"""mxpi_imagenormalize: (value - alpha) / beta for each channel, or the whole range of values to 0..1."""

import re

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.element import ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Frame, PixelFormat, Pixels, Vision, Visions
from pipelines.cpu.elements.picture_element import PictureElement
from pipelines.cpu.elements.tensorinfer import split_list

CHANNELS = 3
FORMATS = {"auto": None, "RGB888": PixelFormat.RGB888, "BGR888": PixelFormat.BGR888}
DTYPES = {"auto": None, "UINT8": np.dtype(np.uint8), "FLOAT32": np.dtype(np.float32)}
_LEAST_BETA = 1e-15
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]*)?")
_LEVELS = 256

Floats = npt.NDArray[np.float64]


def numbers(text: str) -> list[float]:
    """The numbers of an alpha or beta, as the vendor reads them: by prefix, and a text without one is 0."""
    return [_number(part.strip(" ")) for part in split_list(text.strip(" "))]


def _number(text: str) -> float:
    found = _NUMBER.match(text)
    try:
        return float(found[0]) if found else 0.0
    except ValueError:
        return 0.0


class ImageNormalize(PictureElement):
    """alpha and beta are of R, G and B, in this order. For a BGR picture the vendor swaps theirs of R and B where they stand.

    So every second BGR picture of an element gets those of the wrong colour. This element does the same: a pipeline has to answer as on
    the vendor's engine. `outputDataFormat` RGB of the decoder avoids it. With `dataType` auto every picture gets the type of the first.
    """

    factory = "mxpi_imagenormalize"
    stage = "normalize"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._dtype = DTYPES[self.choice("dataType", DTYPES)]
        self._format = FORMATS[self.choice("format", FORMATS)]
        texts = self.text("alpha"), self.text("beta")
        alpha, beta = (numbers(text) for text in texts)
        if len(alpha) != CHANNELS or len(beta) != CHANNELS:
            raise self.refusal(f"alpha and beta must have three numbers each, not {len(alpha)} and {len(beta)}")
        if any(abs(number) < _LEAST_BETA for number in beta):
            raise self.refusal("no number of beta may be 0")
        self._alpha, self._beta = alpha, beta
        self._standardizes = bool(self.integer("processType"))

    def process(self, frame: Frame) -> None:
        """(height, width, 3) → the same size, normalized; does nothing if there is no picture."""
        pictures = self.input(frame)
        if pictures is None:
            return
        if not isinstance(pictures, Visions):
            raise _failed(Code.PLUGIN_PROTOBUF_NAME_MISMATCH, "Not a MxpiVisionList object.")
        made = [self._normalized(picture, index) for index, picture in enumerate(pictures.items) if picture.pixels.size]
        if not made:
            empty = "Input data size is zero or data ptr is null." * len(pictures.items)
            raise _failed(Code.COMM_FAILURE, f"{empty}dst vision vec size is 0")
        if self.name in frame.metadata:
            raise _failed(Code.METADATA_KEY_EXISTS, "add meta data failed.")
        frame.metadata[self.name] = Visions(tuple(made))

    def _normalized(self, picture: Vision, index: int) -> Vision:
        self.check(picture)
        if picture.format == PixelFormat.BGR888:
            self._alpha.reverse()
            self._beta.reverse()
        self._dtype = self._dtype or picture.pixels.dtype
        pixels = self._standardized(picture.pixels) if self._standardizes else self._spread(picture.pixels)
        order = self._format or picture.format
        if order != picture.format:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        return Vision(pixels, order, source=self.source(), member=index)

    def _standardized(self, pixels: Pixels) -> Pixels:
        """OpenCV's convertTo, whose factor, summand and result are float32, with one rounding for the product and the sum."""
        factor = np.array([1 / beta for beta in self._beta], np.float32).astype(np.float64)
        summand = np.array([-alpha / beta for alpha, beta in zip(self._alpha, self._beta, strict=True)], np.float32).astype(np.float64)
        if pixels.dtype == np.uint8:
            levels = np.arange(_LEVELS, dtype=np.float64).reshape(_LEVELS, 1, 1)
            return cv2.LUT(pixels, self._rounded(levels * factor + summand))
        return self._rounded(pixels.astype(np.float64) * factor + summand)

    def _rounded(self, values: Floats) -> Pixels:
        floats = values.astype(np.float32)
        return floats if self._dtype == np.float32 else np.clip(np.rint(floats), 0, _LEVELS - 1).astype(np.uint8)

    def _spread(self, pixels: Pixels) -> Pixels:
        """The smallest value to 0, the largest to 255 of uint8 and to 1 of float32."""
        is_uint8 = self._dtype == np.uint8
        largest, depth = (_LEVELS - 1, cv2.CV_8U) if is_uint8 else (1, cv2.CV_32F)
        return cv2.normalize(pixels, np.empty_like(pixels, self._dtype), 0, largest, cv2.NORM_MINMAX, depth)


def _failed(code: Code, text: str) -> FrameFailure:
    """The vendor's plugin gives each failure the text of 1001."""
    return FrameFailure(code, f"{text}{code_text(Code.COMM_FAILURE)}")
