"""mxpi_imageresize: pixels to the size of the model, with OpenCV's linear interpolation."""

import cv2

from pipelines.host.element import Element, ElementContext, null_input
from pipelines.host.frame import Frame, Vision


class ImageResize(Element):
    """Resizer_Stretch: exactly resizeWidth x resizeHeight, the aspect ratio is not kept."""

    factory = "mxpi_imageresize"
    stage = "resize"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self.cv_processor()
        self.choice("resizeType", ("Resizer_Stretch",))
        self.choice("paddingType", ("Padding_NO",))
        self._size_px = (self.integer("resizeWidth"), self.integer("resizeHeight"))
        if not (32 <= self._size_px[0] <= 4096 and 6 <= self._size_px[1] <= 4096):
            raise self.refusal("resizeWidth must be in 32..4096 and resizeHeight in 6..4096")

    def process(self, frame: Frame) -> None:
        """(height, width, 3) → (resizeHeight, resizeWidth, 3)."""
        picture = self.input(frame)
        if not isinstance(picture, Vision):
            raise null_input("inputMxpiMetadata")
        frame.metadata[self.name] = Vision(cv2.resize(picture.pixels, self._size_px))
