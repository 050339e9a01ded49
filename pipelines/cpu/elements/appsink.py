"""appsink: the exit of a stream, which delivers results."""

import re
from collections.abc import Callable

from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.frame import Frame
from pipelines.cpu.structs import MxDataOutput

Deliver = Callable[["AppSink", Frame, MxDataOutput], None]


def _nowhere(_sink: "AppSink", _frame: Frame, _result: MxDataOutput) -> None:
    """Receives results before the stream runs and after it has stopped; drops them."""


class AppSink(Element):
    """Turns a frame into a result: JSON or bytes, or the code and text of the last error."""

    factory = "appsink"
    stage = "sink"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        number = re.fullmatch(r"appsink([0-9]{1,9})", self.name)
        self.delivers = number is not None  # the vendor's engine runs a stream with another sink name, but delivers nothing
        self.number = int(number[1]) if number else 0
        self.deliver: Deliver = _nowhere

    def push(self, frame: Frame) -> None:
        """Deliver the result of a frame."""
        if self.context.options.statistics:
            self.context.options.statistics.frame_left(self.context.stream.name)
        self.deliver(self, frame, self._result(frame))

    def _result(self, frame: Frame) -> MxDataOutput:
        if not frame.errors:
            return MxDataOutput(0, frame.data if frame.serialized else b"{}")
        code = frame.errors[max(frame.errors)].code
        if frame.serialized:
            return MxDataOutput(int(code), frame.data + b"\n")
        return MxDataOutput(int(code), "".join(f"{error.text}\n" for _, error in sorted(frame.errors.items())).encode())

    def close(self) -> None:
        """Drop the reference to the stream, so that Python frees a stopped stream and its model at once."""
        self.deliver = _nowhere
