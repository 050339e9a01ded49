"""mxpi_imageresize: resizes pixels to the input size of the model, with OpenCV."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.element import ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Frame, PixelFormat, Vision, Visions
from pipelines.cpu.elements.picture_element import HOST_MEMORY, MAX_PICTURE_BYTES, PictureElement
from pipelines.cpu.elements.resize_geometry import PADDING_TYPES, RESIZE_TYPES, Plan, Size, Wanted

WIDTHS_PX = (32, 4096)
HEIGHTS_PX = (6, 4096)
_CHANNELS = 3
_INVALID = Code.COMM_INVALID_PARAM
_UNCHECKED = ("Resizer_KeepAspectRatio_Short", "Resizer_KeepAspectRatio_Long")


class ImageResize(PictureElement):
    """Every resizeType of the vendor's opencv handler.

    Without a configured size, the element uses the size of the model after it. Each frame checks the configured size, not the
    resulting one: a wrong size fails frames, but the stream can be created. The handler `ascend` also fails every frame,
    because on a CPU the pictures are in host memory.
    """

    factory = "mxpi_imageresize"
    stage = "resize"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self.following_model_size: tuple[int, int] | None = None  # width, height in pixels; set before frames flow
        self._handler = self.handler()
        self._type_name = self.choice("resizeType", RESIZE_TYPES)
        self._type = RESIZE_TYPES[self._type_name]
        padding = self.choice("paddingType", PADDING_TYPES)
        self._padding = "Padding_RightDown" if self._type.always_pads and padding == "Padding_NO" else padding
        if self.integer("minDimension") > self.integer("maxDimension"):
            raise self.refusal("minDimension is above maxDimension")
        self._planned: tuple[tuple[tuple[int, int], int], Plan] | None = None
        self._removes_source = bool(self.integer("removeParentData"))
        self._colour_bgr = tuple(self.number(f"paddingColor{channel}") for channel in "BGR")

    def process(self, frame: Frame) -> None:
        """(height, width, 3) → the picture that the resizeType gives; does nothing if there is no picture."""
        pictures = self.input(frame)
        if pictures is None:
            return
        if not isinstance(pictures, Visions):
            mismatch = Code.PLUGIN_PROTOBUF_NAME_MISMATCH
            raise FrameFailure(mismatch, f"Not a MxpiVisionList.{code_text(mismatch)}")
        try:
            resized = [self._resized(picture, index) for index, picture in enumerate(pictures.items)]
        except FrameFailure as failure:
            text = f"{failure.text}Fail to StackMxpiVisionPreProcess.{code_text(failure.code)}"
            raise FrameFailure(failure.code, text) from failure
        self.store(frame, resized, "Fail to add metadata.")
        if self._removes_source:
            frame.metadata.pop(self.source(), None)

    @cached_property
    def _wanted(self) -> Wanted:
        """The configured sizes; read at the first frame, because then the model after this element is known."""
        size = Size(self.integer("resizeWidth"), self.integer("resizeHeight"))
        if 0 in size and self.following_model_size:
            size = Size(*self.following_model_size)
        padding = Size(self.integer("paddingWidth"), self.integer("paddingHeight"))
        return Wanted(size, self.integer("scaleValue"), self.integer("minDimension"), self.integer("maxDimension"), padding)

    @cached_property
    def _refusal(self) -> tuple[int, str] | None:
        """The code and text with which every frame fails, if the properties are not valid; else None."""
        try:
            if self._type_name not in _UNCHECKED:
                _check("width", self._wanted.size.width, WIDTHS_PX, Code.DVPP_INVALID_IMAGE_WIDTH)
                _check("height", self._wanted.size.height, HEIGHTS_PX, Code.DVPP_INVALID_IMAGE_HEIGHT)
        except FrameFailure as failure:
            return failure.code, failure.text
        mismatch = Code.PLUGIN_MEMORY_TYPE_MISMATCH
        return (mismatch, f"Memory type({HOST_MEMORY}) is not dvpp).{code_text(mismatch)}") if self._handler == "ascend" else None

    def resized_px(self, full_px: tuple[int, int]) -> tuple[int, int] | None:
        """(width, height) of a picture of this size after its resize; None where a reduced picture would not do as well."""
        plan = None if self._refusal or not all(full_px) else self._type.plan(Size(*full_px), self._wanted)
        return plan.steps[0] if plan and plan.steps and plan.interpolation == cv2.INTER_LINEAR else None

    def _plan(self, size: tuple[int, int], item_bytes: int) -> Plan:
        """The plan for pictures of a size. Keeps the last plan, because pictures of one source often have one size."""
        if self._planned is None or self._planned[0] != (size, item_bytes):
            plan = self._type.plan(Size(*size), self._wanted)
            _check_bytes((*plan.steps, plan.canvas) if self._padding != "Padding_NO" else plan.steps, item_bytes)
            self._planned = ((size, item_bytes), plan)
        return self._planned[1]

    def _resized(self, picture: Vision, index: int) -> Vision:
        if self._refusal:
            raise FrameFailure(*self._refusal)
        self.check(picture)
        pixels = picture.pixels
        # A reduced picture gets the size that the whole one would get: the sides of the reduced one are rounded.
        plan = self._plan(picture.full_px or (pixels.shape[1], pixels.shape[0]), pixels.itemsize)
        padding = self._padding != "Padding_NO"
        plain = pixels.dtype == np.uint8 and plan.interpolation == cv2.INTER_LINEAR  # the same with and without IPP
        with nullcontext() if plain else _without_ipp():
            for step in plan.steps:
                pixels = cv2.resize(pixels, step, interpolation=plan.interpolation)
        changes = picture.changed_by(self.name)
        made = Vision(pixels, picture.format, self._type.number, plan.scaling, self.source(), index, preprocessed=changes)
        return self._padded(made, plan) if padding else made

    def _padded(self, picture: Vision, plan: Plan) -> Vision:
        height, width = picture.pixels.shape[:2]
        right, below = plan.canvas.width - width, plan.canvas.height - height
        if right < 0 or below < 0:
            raise FrameFailure(_INVALID, f"OpencvPaddingProcess failed.{code_text(_INVALID)}")
        around = self._padding == "Padding_Around"
        left, above = (right // 2, below // 2) if around else (0, 0)
        colour = self._colour_bgr if picture.format == PixelFormat.BGR888 else self._colour_bgr[::-1]
        pixels = cv2.copyMakeBorder(picture.pixels, above, below - above, left, right - left, cv2.BORDER_CONSTANT, value=colour)
        return replace(picture, pixels=pixels)


def _check_bytes(sizes: tuple[Size, ...], item_bytes: int) -> None:
    """Refuse a picture that is too large before the work; the vendor's plugin refuses it after the work."""
    if any(size.width * size.height * _CHANNELS * item_bytes > MAX_PICTURE_BYTES for size in sizes):
        parts = ("Memory malloc failed.", "SetOutputData failed.")
        raise FrameFailure(_INVALID, "".join(f"{part}{code_text(_INVALID)}" for part in parts))


@contextmanager
def _without_ipp() -> Iterator[None]:
    """Turn off Intel's IPP in OpenCV: it rounds floats and cubic curves differently from OpenCV and from the vendor."""
    used = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)  # of this thread
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(used)


def _check(side: str, value_px: int, range_px: tuple[int, int], code: Code) -> None:
    low, high = range_px
    if not low <= value_px <= high:
        text = f"Output {side}({value_px}) of the image is illegal, not in the range [{low},{high}], failed.{code_text(code)}"
        raise FrameFailure(code, text)
