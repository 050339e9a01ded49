"""mxpi_imagedecoder: encoded bytes to BGR pixels, with OpenCV."""

import cv2
import numpy as np

from pipelines.codes import Code, code_text
from pipelines.host.element import Element, ElementContext, FrameFailure, null_input
from pipelines.host.frame import Frame, Vision


class ImageDecoder(Element):
    """Decodes as the vendor's opencv handler does: alpha dropped, grey expanded, EXIF orientation applied."""

    factory = "mxpi_imagedecoder"
    stage = "decode"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self.cv_processor()
        self.choice("imageFormat", ("jpg", "jpeg"))
        self._rgb = self.choice("outputDataFormat", ("BGR", "RGB")) == "RGB"
        self._dtype = np.dtype(self.choice("dataType", ("uint8", "float32")))

    def process(self, frame: Frame) -> None:
        """Encoded bytes → (height, width, 3)."""
        if not frame.data:
            failure = null_input("Dataptr of inputVisionData")
            raise FrameFailure(failure.code, f"{failure.text}Opencv decode failed.{code_text(failure.code)}")
        try:
            pixels = cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            pixels = None
        if pixels is None:
            raise FrameFailure(Code.COMM_INVALID_PARAM, f"Opencv decode failed.{code_text(Code.COMM_INVALID_PARAM)}")
        if self._rgb:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        frame.metadata[self.name] = Vision(pixels.astype(self._dtype, copy=False))
