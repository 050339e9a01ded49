"""mxpi_imagedecoder: decodes the image bytes to pixels, with OpenCV."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from pipelines.codes import Code, code_text
from pipelines.cpu.decoder_warnings import decode_unwarned
from pipelines.cpu.elements.element import Element, ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Frame, PixelFormat, Pixels, Vision, Visions
from pipelines.cpu.elements.picture_element import MAX_PICTURE_BYTES
from pipelines.cpu.jpeg_segments import upright_jpeg_px
from pipelines.cpu.low_priority import LowPriorityThread
from pipelines.reduction import denominator

BOXES_KEY = "appInput"
BOXES_AFTER_KEY = "ExternalObjects"  # the decoder gives this key to the boxes sent with the image
FORMATS = ("jpg", "jpeg", "bmp")
_BMP_STEP_PX = (16, 2)  # imageFormat bmp: width and height are stretched up to a multiple of these numbers
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_FLAGS = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
_ANIMATED = 0x02  # in the flags of a WebP's VP8X chunk

ResizedPx = Callable[[tuple[int, int]], tuple[int, int] | None]
"""(width, height) of a picture after its resize, from those before it; None where a reduced picture would not do as well."""


def decoder_before(context: ElementContext) -> str | None:
    """The name of the nearest decoder before this element; the buffer holds its picture."""
    elements, seen = context.stream.elements, set[str]()
    name = context.spec.name
    while name not in seen and (inputs := elements[name].inputs):
        seen.add(name)  # elements can form a ring
        name = inputs[0]
        if elements[name].factory == ImageDecoder.factory:
            return name
    return None


class ImageDecoder(Element):
    """Decodes like the vendor's opencv handler: drops alpha, expands grey to three channels, applies the EXIF orientation.

    Reads the formats that OpenCV 4.7 reads and refuses the formats that only a newer one reads. With `strict` it also refuses every WebP:
    the vendor's plugin gives OpenCV signed bytes, which its WebP decoder refuses, and its OpenCV is built without one. The image processor
    `ascend` is refused; with `strict` only its frames fail, since the vendor's engine creates such a stream. A truncated JPEG is
    decoded up to its end, unless the option `refuse_damaged` is set. With imageFormat `bmp` the picture is stretched to full
    steps, and its channels are swapped once more than its label says. A picture that takes long is decoded by a thread of lower priority.
    """

    factory = "mxpi_imagedecoder"
    stage = "decode"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._dvpp = self.handler() == "ascend"
        if self._dvpp and not context.options.strict:
            raise self.refusal("the ascend image processor is DVPP, which a CPU does not have", 'Set "handleMethod": "opencv".')
        self._bmp = self.choice("imageFormat", FORMATS) == "bmp"
        self._rgb = self.choice("outputDataFormat", ("BGR", "RGB")) == "RGB"
        self._dtype = np.dtype(self.choice("dataType", ("uint8", "float32")))
        self.choice("formatAdaptation", ("on", "off"))
        self._after_decoder = decoder_before(context) is not None
        self.resized_px: ResizedPx | None = None  # of the resize after it, where it may reduce; set before frames flow
        self._slowly: LowPriorityThread[Pixels | None] = LowPriorityThread(f"{context.stream.name}-{self.name}-slow")

    def process(self, frame: Frame) -> None:
        """Encoded bytes → (height, width, 3). The picture replaces all other metadata of the frame; only the sent boxes stay."""
        if not frame.data and not self._after_decoder and set(frame.metadata) - {BOXES_KEY}:
            raise _failed(Code.COMM_FAILURE, "Empty vision in frame. use SendData rather than SendProtobuf.")
        if self._bmp:
            _check_bmp(frame.data)
        if self._dvpp:
            raise _failed(Code.DVPP_JPEG_DECODE_FAIL, "Image decode failed.")
        order = PixelFormat.RGB888 if self._rgb else PixelFormat.BGR888
        full_px = upright_jpeg_px(frame.data) if self.resized_px else None
        by = self._denominator(full_px)
        picture = Vision(self._pixels(frame.data, _FLAGS[by], slow=frame.slow), order, full_px=full_px if by > 1 else None)
        boxes = frame.metadata.get(BOXES_KEY)
        frame.metadata.clear()
        frame.data = b""
        frame.metadata[self.name] = Visions((picture,))
        if boxes is not None:
            frame.metadata[BOXES_AFTER_KEY] = boxes

    def close(self) -> None:
        """End the thread for pictures that take long."""
        self._slowly.close()

    def _denominator(self, full_px: tuple[int, int] | None) -> int:
        """By how much the sides of the picture are divided while it is decoded."""
        resized_px = self.resized_px(full_px) if self.resized_px and full_px else None
        return denominator(full_px, resized_px) if full_px and resized_px else 1

    def _pixels(self, data: bytes, flag: int, *, slow: bool) -> Pixels:
        try:
            pixels = self._decoded(data, flag, slow=slow)
        except FrameFailure as failure:
            if self._bmp:
                raise
            raise _failed(failure.code, f"{failure.text}Opencv decode failed.") from failure
        swap = self._rgb != self._bmp
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if swap else pixels

    def _decoded(self, data: bytes, flag: int, *, slow: bool) -> Pixels:
        """Decode; raises FrameFailure, with a text where the vendor's OpenCV throws and without one where it returns an empty picture."""
        if not data:
            raise _failed(Code.COMM_INVALID_POINTER, "Dataptr of inputVisionData is nullptr.")
        try:
            pixels = self._slowly.run(partial(self._read, data, flag)) if slow else self._read(data, flag)
            if pixels is None:
                raise FrameFailure(Code.COMM_INVALID_PARAM)
            self._check_bytes(pixels)
            return self._stretched(pixels).astype(self._dtype, copy=False)
        except cv2.error as error:
            raise _failed(Code.COMM_INVALID_PARAM, "Opencv decode failed.") from error

    def _read(self, data: bytes, flag: int) -> Pixels | None:
        if self.context.options.strict and is_webp(data):
            return None  # the vendor's OpenCV is built without WebP
        read = partial(_read, flag)
        return decode_unwarned(read, data) if self.context.options.refuse_damaged else read(data)

    def _check_bytes(self, pixels: Pixels) -> None:
        size_bytes = pixels.size * self._dtype.itemsize
        if size_bytes > MAX_PICTURE_BYTES:
            invalid = code_text(Code.COMM_INVALID_PARAM)
            raise _failed(Code.COMM_INVALID_PARAM, f"Imdecode failed, dataSize({size_bytes}).{invalid}ConstructOutput failed.")

    def _stretched(self, pixels: Pixels) -> Pixels:
        if not self._bmp:
            return pixels
        height, width = pixels.shape[:2]
        step_x, step_y = _BMP_STEP_PX
        return cv2.resize(pixels, (-(-width // step_x) * step_x, -(-height // step_y) * step_y))


def _read(flag: int, data: bytes) -> Pixels | None:
    pixels = None if _newer_than_the_vendor(data) else cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if pixels is None and data.startswith(_JPEG_START):
        pixels = cv2.imdecode(np.frombuffer(data + _JPEG_END, np.uint8), flag)
    return pixels


def _failed(code: int, text: str) -> FrameFailure:
    return FrameFailure(code, f"{text}{code_text(code)}")


def _check_bmp(data: bytes) -> None:
    if not data:
        raise _failed(Code.COMM_INVALID_POINTER, "InputVisionData dataptr is nullptr, bmp decode failed.")
    if not data.startswith(b"BM"):
        number = int.from_bytes(data[:2].ljust(2, b"\0"), "little")
        null = code_text(Code.COMM_INVALID_POINTER)  # the vendor's plugin gives a text and a code that do not agree
        raise FrameFailure(Code.DVPP_INVALID_FORMAT, f"The pFileHead bfType error, bfType={number}.{null}")


def is_webp(data: bytes) -> bool:
    """Whether the data is a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _newer_than_the_vendor(data: bytes) -> bool:
    """Whether the data is a GIF, an AVIF or an animated WebP, which OpenCV 4.7 does not read."""
    animated = is_webp(data) and data[12:16] == b"VP8X" and bool(data[20:21]) and bool(data[20] & _ANIMATED)
    return data.startswith(b"GIF8") or data[4:12] in (b"ftypavif", b"ftypavis") or animated
