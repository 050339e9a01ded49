"""mxpi_opencvcentercrop: cuts out the middle of a picture."""

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.element import ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Frame, PixelFormat, Vision, Visions
from pipelines.cpu.elements.picture_element import PictureElement
from pipelines.cpu.elements.resize_geometry import Size


class OpencvCenterCrop(PictureElement):
    """Cuts cropWidth x cropHeight from the middle; if the rest is odd, the extra pixel is right or below.

    The vendor's plugin labels its output as RGB but does not swap the channels; this element does the same.
    """

    factory = "mxpi_opencvcentercrop"
    stage = "crop"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._size = Size(self.integer("cropWidth"), self.integer("cropHeight"))
        if 0 in self._size:
            raise self.refusal("cropWidth and cropHeight must both be set")

    def process(self, frame: Frame) -> None:
        """(height, width, 3) → (cropHeight, cropWidth, 3); every picture of the frame must be large enough."""
        pictures = self._pictures(frame)
        cropped = [self._cropped(picture, index) for index, picture in enumerate(pictures.items)]
        self.store(frame, cropped, "Add proto metadata failed in Process.")

    def _pictures(self, frame: Frame) -> Visions:
        pictures = self.input(frame)
        if pictures is None:
            raise _unread(Code.PLUGIN_METADATA_IS_NULL, "Metadata is null.")
        if not isinstance(pictures, Visions):
            raise _unread(Code.PLUGIN_PROTOBUF_NAME_MISMATCH, "Not a MxpiVisionList object.")
        if not pictures.items or not all(picture.pixels.size for picture in pictures.items):
            raise _unread(Code.COMM_FAILURE, "Get MxpiVisionList failed, datasize(0).")
        return pictures

    def _cropped(self, picture: Vision, index: int) -> Vision:
        self.check(picture)
        height, width = picture.pixels.shape[:2]
        left, above = (width - self._size.width) // 2, (height - self._size.height) // 2
        if left < 0 or above < 0:
            raise FrameFailure(Code.DVPP_CROP_FAIL, f"Opencv cropping failed.{code_text(Code.DVPP_CROP_FAIL)}")
        pixels = picture.pixels[above : above + self._size.height, left : left + self._size.width].copy()
        return Vision(pixels, PixelFormat.RGB888, source=self.source(), member=index)


def _unread(code: Code, text: str) -> FrameFailure:
    """The failure of a frame without pictures; the text grows with each call of the vendor's stack."""
    return FrameFailure(
        code, "".join(f"{part}{code_text(code)}" for part in (text, "CheckImageIsExisted failed.", "Crop get input data failed."))
    )
