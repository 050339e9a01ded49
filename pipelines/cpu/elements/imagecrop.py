"""mxpi_imagecrop: cuts rectangles from a picture. The rectangles come from sent or detected boxes, or from properties."""

import re
from dataclasses import dataclass
from functools import partial
from itertools import starmap

import numpy as np

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.element import TRANSPARENT, ElementContext, FrameFailure, Push, metadata_key
from pipelines.cpu.elements.frame import Box, Boxes, Frame, Vision, Visions
from pipelines.cpu.elements.frame_pairs import FramePairs
from pipelines.cpu.elements.imagedecoder import decoder_before
from pipelines.cpu.elements.picture_element import HOST_MEMORY, PictureElement
from pipelines.cpu.elements.resize_geometry import PADDING_TYPES, RESIZE_TYPES, Size

MAX_SIDE_PX = 8192
INPUTS = 2
_LEAST_PX = {"width": 32, "height": 6}  # DVPP's limits, which the vendor's messages name, although OpenCV's limit is 1
_UINT32 = 2**32 - 1
_INT64 = 2.0**63
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle of 32-bit unsigned pixel numbers; the right and lower edges are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def size(self) -> Size:
        """Width and height. They wrap around, as in the vendor's engine, if right is left of left or lower is above upper."""
        return Size((self.x1 - self.x0) & _UINT32, (self.y1 - self.y0) & _UINT32)

    def __str__(self) -> str:
        """The text of the vendor's messages."""
        return f"x0({self.x0}),y0({self.y0}),x1({self.x1}),y1({self.y1})"


@dataclass(frozen=True, slots=True)
class Expansion:
    """The share of its own size by which a box grows on each side."""

    left: float = 0.0
    up: float = 0.0
    right: float = 0.0
    down: float = 0.0


def rectangle(box: Box, grow: Expansion, picture: Size) -> Rectangle:
    """Convert a box to pixels in the vendor's types: truncate to whole numbers, expand, and clip to the picture."""
    with np.errstate(over="ignore"):  # a number too large for float32 becomes infinite
        edges = [np.float32(edge) for edge in (box.x0, box.y0, box.x1, box.y1)]
    x0, y0, x1, y1 = (_uint32(edge) for edge in edges)
    width, height = (x1 - x0) & _UINT32, (y1 - y0) & _UINT32
    return Rectangle(
        _moved_down(x0, width, grow.left),
        _moved_down(y0, height, grow.up),
        min(_moved_up(x1, width, grow.right), picture.width),
        min(_moved_up(y1, height, grow.down), picture.height),
    )


def _uint32(value: np.float32) -> int:
    """Convert a float as C does on x86-64: a negative number wraps around, a number beyond 64 bits becomes 0."""
    return int(value) & _UINT32 if -_INT64 < value < _INT64 else 0


def _moved_down(edge: int, side: int, ratio: float) -> int:
    by = np.float32(side) * np.float32(ratio)
    return _uint32(np.float32(edge) - by) if np.float32(edge) > by else 0


def _moved_up(edge: int, side: int, ratio: float) -> int:
    return _uint32(np.float32(edge) + np.float32(side) * np.float32(ratio))


def points(text: str) -> list[float]:
    """The numbers of a cropPoint property, separated by commas and read by prefix; an empty list if one cannot be read."""
    pieces = re.split(",+", text.replace(" ", "").rstrip(","))
    numbers = [float(number[0]) for piece in pieces if (number := _NUMBER.match(piece))]
    return [float(np.float32(number)) for number in numbers if number <= _FLOAT32_MAX] if len(numbers) == len(pieces) else []


def boxes_of_points(x0: str, y0: str, x1: str, y1: str) -> Boxes:
    """The boxes of the four cropPoint properties; no boxes unless each one has a size and lies within 1..8192."""
    edges = [points(text) for text in (x0, y0, x1, y1)]
    if len({len(numbers) for numbers in edges}) != 1:
        return Boxes(())
    boxes = tuple(starmap(Box, zip(*edges, strict=True)))
    inside = all(1 <= edge <= MAX_SIDE_PX for numbers in edges for edge in numbers)
    return Boxes(boxes if inside and all(box.x0 < box.x1 and box.y0 < box.y1 for box in boxes) else ())


class ImageCrop(PictureElement):
    """Cuts boxes from the picture of the nearest decoder before it, in its current state, or from that of its second input.

    With two inputs, frames meet in pairs: the picture is under `dataSourceImage` in the frame of input 1, the boxes are in the frame of
    input 0, which goes on; the other ends here. With autoDetectFrame 1 the boxes come from `dataSource`, with 0 from the cropPoint
    properties. Without boxes the frame passes unchanged. The resize properties belong to DVPP; this element ignores them, as the
    vendor's opencv handler does. A box that begins left of or above the picture is clipped. With `strict`, the vendor's arithmetic fails
    the frame if the box begins more than 128 pixels outside.
    """

    factory = "mxpi_imagecrop"
    stage = "crop"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._resize_number = RESIZE_TYPES[self.choice("resizeType", RESIZE_TYPES)].number
        self.choice("paddingType", PADDING_TYPES)
        self._handler = self.handler()
        self.choice("cropType", ("cropCoordinate",))
        if not self.text("dataSourceImage"):
            raise self.refusal("dataSourceImage is empty")
        if self.integer("minDimension") > self.integer("maxDimension"):
            raise self.refusal("minDimension is above maxDimension")
        self._grow = Expansion(*(self.number(f"{side}ExpandRatio") for side in ("left", "up", "right", "down")))
        self._boxes = boxes_of_points(*(self.text(f"cropPoint{edge}") for edge in ("x0", "y0", "x1", "y1")))
        self._decoder = decoder_before(context)
        self._pairs: FramePairs | None = None
        self._other: Frame | None = None  # the frame of input 1, while a pair is processed
        if len(context.spec.inputs) > 1:
            self._pairs = FramePairs(self._push_pair)
            named = self.text("dataSourceImage")
            self._image_source = _key_before(context, 1) if named == "auto" else named
            if len(context.spec.inputs) > INPUTS or not self._image_source:
                raise self.refusal(f"it takes boxes from one input and pictures from another, not {len(context.spec.inputs)} inputs")

    def entry(self, port: int) -> Push:
        """What takes the frames of an input."""
        return partial(self._pairs.put, port) if self._pairs else self.push

    def _push_pair(self, frame: Frame, other: Frame) -> None:
        frame.errors |= other.errors
        frame.stages_s = other.stages_s | frame.stages_s
        self._other = other
        self.push(frame)
        self._other = None

    def release(self) -> None:
        """Let a thread go on that waits for the other input."""
        if self._pairs:
            self._pairs.release()

    def close(self) -> None:
        """Drop the frames without a partner."""
        self._pairs = None

    def process(self, frame: Frame) -> None:
        """(height, width, 3) → a picture for each box."""
        boxes = self.input(frame) if self.integer("autoDetectFrame") else self._boxes
        other = self._other
        if not isinstance(boxes, Boxes) or (other and self.integer("autoDetectFrame") and self._image_source not in other.metadata):
            return
        pictures = self._sent_pictures(other) if other else self._pictures(frame)
        picture = pictures[0]
        self.check(picture)
        rectangles, skipped = self._rectangles(boxes, pictures[-1])
        if rectangles:
            cropped = [self._cropped(picture, index, area, skipped) for index, area in enumerate(rectangles)]
            self.store(frame, cropped, "Add proto metadata failed in OpencvProcess.")
        elif skipped:
            raise FrameFailure(Code.DVPP_CROP_FAIL, skipped)

    def _sent_pictures(self, other: Frame) -> tuple[Vision, ...]:
        """The pictures of input 1; raises FrameFailure."""
        found = other.metadata.get(self._image_source)
        if found is None:
            raise _unread(Code.PLUGIN_METADATA_IS_NULL, f"Metadata is null. resizeDataSource_({self._image_source}).")
        if not isinstance(found, Visions):
            raise _unread(Code.PLUGIN_PROTOBUF_NAME_MISMATCH, "The type is not MxpiVisionList.")
        if not found.items:
            parts = ("MxpiVisionList visionvec is empty.", code_text(Code.COMM_FAILURE), "Crop get input data failed.")
            raise FrameFailure(Code.DVPP_CROP_FAIL, "".join(parts) + code_text(Code.DVPP_CROP_FAIL))
        self._check_memory()
        return found.items

    def _pictures(self, frame: Frame) -> tuple[Vision, ...]:
        pictures = frame.metadata.get(self._decoder) if self._decoder else None
        if not isinstance(pictures, Visions) or not pictures.items or not pictures.items[0].pixels.size:
            failed = code_text(Code.COMM_FAILURE)
            parts = ("GetDeviceDataInfo failed, datasize(0).", "CheckImageIsExisted failed.", "Crop get input data failed.")
            raise FrameFailure(Code.COMM_FAILURE, "".join(f"{part}{failed}" for part in parts))
        self._check_memory()
        return pictures.items[:1]

    def _check_memory(self) -> None:
        if self._handler == "ascend":
            mismatch = code_text(Code.PLUGIN_MEMORY_TYPE_MISMATCH)
            text = f"Memory type ({HOST_MEMORY}) is not device).{mismatch}Crop get input data failed.{mismatch}"
            raise FrameFailure(Code.PLUGIN_MEMORY_TYPE_MISMATCH, text)

    def _rectangles(self, boxes: Boxes, picture: Vision) -> tuple[list[Rectangle], str]:
        """The rectangles whose size OpenCV takes, and the message about the others."""
        height, width = picture.pixels.shape[:2]
        valid: list[Rectangle] = []
        skipped: list[str] = []
        for index, box in enumerate(boxes.items):
            area = rectangle(box if self.context.options.strict else _clipped(box), self._grow, Size(width, height))
            if not 1 <= area.size.width <= MAX_SIDE_PX:
                skipped.append(_skipped(f"The crop width of image No.[{index}]", "width", area.size.width, area))
            elif not 1 <= area.size.height <= MAX_SIDE_PX:
                skipped.append(_skipped("The crop height of image", "height", area.size.height, area))
            else:
                valid.append(area)
        return valid, "".join(skipped)

    def _cropped(self, picture: Vision, index: int, area: Rectangle, skipped: str) -> Vision:
        height, width = picture.pixels.shape[:2]
        if area.size.width > width or area.size.height > height:
            raise FrameFailure(Code.DVPP_CROP_FAIL, f"{skipped}Opencv cropping failed.{code_text(Code.DVPP_CROP_FAIL)}")
        if area.x0 > area.x1 or area.y0 > area.y1:
            raise ValueError(f"the rectangle {area} starts outside the picture")  # here OpenCV throws
        pixels = picture.pixels[area.y0 : area.y1, area.x0 : area.x1].copy()
        changes = picture.changed_by(self.name)
        return Vision(pixels, picture.format, self._resize_number, source=self.source(), member=index, preprocessed=changes)


def _key_before(context: ElementContext, port: int) -> str:
    """The key of the metadata that the element before an input writes; empty behind a source, which writes none."""
    elements = context.stream.elements
    before = elements[context.spec.inputs[port]]
    while before.factory in TRANSPARENT:
        before = elements[before.inputs[0]]
    return "" if before.factory == "appsrc" else metadata_key(before)


def _unread(code: Code, text: str) -> FrameFailure:
    failed = code_text(code)
    return FrameFailure(code, f"{text}{failed}Crop get input data failed.{failed}")


def _clipped(box: Box) -> Box:
    return Box(*(max(edge, 0.0) for edge in (box.x0, box.y0, box.x1, box.y1)))


def _skipped(what: str, side: str, size_px: int, area: Rectangle) -> str:
    return (
        f"{what} is out of range [{_LEAST_PX[side]},{MAX_SIDE_PX}], actual {side} is {size_px}. {area}. "
        f"Therefore, This box will not be cropped.{code_text(Code.COMM_INVALID_PARAM)}"
    )
