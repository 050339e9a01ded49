"""appsink: where results leave a stream."""

import re
from collections.abc import Callable

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.host.element import Element, ElementContext
from pipelines.host.frame import Frame
from pipelines.host.structs import MxDataOutput

Deliver = Callable[["AppSink", Frame, MxDataOutput], None]


class AppSink(Element):
    """Turns a frame into a result: JSON or bytes, or the code and text of its last error."""

    factory = "appsink"
    stage = "sink"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        if not re.fullmatch(r"appsink\d+", self.name):
            raise PipelineError(Code.COMM_FAILURE, f"Element {self.name!r}: an appsink must be called appsink and a number.")
        self.serialized = any(element.factory == "mxpi_dataserialize" for element in context.stream.elements.values())
        self.deliver: Deliver = lambda _sink, _frame, _result: None

    def push(self, frame: Frame) -> None:
        """Deliver the result of a frame."""
        self.deliver(self, frame, self._result(frame))

    def _result(self, frame: Frame) -> MxDataOutput:
        if not frame.errors:
            return MxDataOutput(0, frame.data if self.serialized else b"{}")
        code = frame.errors[max(frame.errors)].code
        if self.serialized:
            return MxDataOutput(int(code), frame.data + b"\n")
        return MxDataOutput(int(code), "".join(f"{error.text}\n" for _, error in sorted(frame.errors.items())).encode())
