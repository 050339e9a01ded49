"""The base of the elements: properties in, frames through, errors kept on the frame."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar, Literal

from pipelines.codes import Code, code_text
from pipelines.errors import PipelineError
from pipelines.host.frame import Frame, FrameError, Metadata
from pipelines.host.options import HostOptions
from pipelines.plugins import PropertyValue
from pipelines.spec import ElementSpec, StreamSpec

logger = logging.getLogger(__name__)

Push = Callable[[Frame], None]


class FrameFailure(Exception):
    """Raised by `process` to fail one frame; becomes a FrameError."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class ElementContext:
    """What an element is opened with: its own specification, its stream's, what feeds it, and the runtime's options."""

    spec: ElementSpec
    stream: StreamSpec
    upstream: str
    options: HostOptions


class Element:
    """One element of a stream. A subclass names its factory and stage and implements `process`."""

    factory: ClassVar[str]
    stage: ClassVar[str]

    def __init__(self, context: ElementContext) -> None:
        self.context = context
        self.name = context.spec.name
        self.downstream: Push = lambda _frame: None

    def process(self, frame: Frame) -> None:
        """Do the element's work on one frame; raises FrameFailure."""

    def push(self, frame: Frame) -> None:
        """Take a frame from upstream, work on it unless it has failed already, and pass it on."""
        self.work(frame)
        self.downstream(frame)

    def work(self, frame: Frame) -> None:
        """`attempt`, timed; nothing for a frame that has failed."""
        if not frame.errors:
            started_s = perf_counter()
            self.attempt(frame)
            frame.stages_s[self.stage] = perf_counter() - started_s

    def attempt(self, frame: Frame) -> None:
        """Run `process`, turning every failure into an error on the frame."""
        try:
            self.process(frame)
        except FrameFailure as failure:
            frame.errors[self.name] = FrameError(failure.code, failure.text)
        except Exception as error:  # the stream outlives any frame
            logger.exception("element %s failed a frame", self.name)
            frame.errors[self.name] = FrameError(Code.COMM_INNER, f"An Exception occurred. Error message: ({error}).")

    def close(self) -> None:
        """Release what the element holds; nothing is pushed afterwards."""

    def input(self, frame: Frame) -> Metadata | None:
        """The metadata under `dataSource` ("auto": what the upstream element wrote), or None."""
        source = self.text("dataSource")
        return frame.metadata.get(self.context.upstream if source == "auto" else source)

    def text(self, name: str) -> str:
        """A text property."""
        value = self.context.spec.props[name]
        if not isinstance(value, str):
            raise self.refusal(f"property {name!r} must be a text")
        return value

    def integer(self, name: str) -> int:
        """A number property."""
        value: PropertyValue = self.context.spec.props[name]
        if not isinstance(value, int):
            raise self.refusal(f"property {name!r} must be a number")
        return value

    def choice(self, name: str, allowed: Mapping[str, object] | tuple[str, ...]) -> str:
        """A text property that must be one of a few; raises PipelineError 6003."""
        value = self.text(name)
        if value not in allowed:
            raise self.refusal(f"{name} is {value!r}; this runtime knows {', '.join(allowed)}")
        return value

    def cv_processor(self) -> Literal["opencv"]:
        """The image processor of the element, which on a CPU can only be OpenCV; raises PipelineError 6003."""
        handler = self.text("handleMethod") or self.text("cvProcessor")
        if handler == "opencv":
            return "opencv"
        if handler == "ascend":
            raise self.refusal("the ascend image processor is DVPP, which a CPU does not have", 'Set "handleMethod": "opencv".')
        raise self.refusal(f"there is no image processor {handler!r}", 'Set "handleMethod": "opencv".')

    def refusal(self, message: str, remedy: str = "") -> PipelineError:
        """The error of an element that cannot start (6003)."""
        return PipelineError(Code.STREAM_CHANGE_STATE, f"Element {self.name!r}: {message}.", remedy)


def null_input(what: str) -> FrameFailure:
    """The failure of an element whose input is missing."""
    return FrameFailure(Code.COMM_INVALID_POINTER, f"{what} is nullptr.{code_text(Code.COMM_INVALID_POINTER)}")
