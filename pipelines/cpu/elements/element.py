"""The base class of the elements: reads properties, passes frames on, records errors in the frame."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from pipelines.codes import Code
from pipelines.cpu.elements.frame import LOST_ID, Frame, FrameError, Metadata
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.statistics import Kind
from pipelines.cpu.text.plugins import PropertyValue
from pipelines.cpu.text.spec import ElementSpec, StreamSpec
from pipelines.pipeline_errors import PipelineError

logger = logging.getLogger(__name__)

Push = Callable[[Frame], None]

TRANSPARENT = ("queue", "tee", "identity")  # the vendor looks through these to find the neighbour of an element


class FrameFailure(Exception):
    """Raised by `process` to fail one frame; `attempt` turns it into a FrameError."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class ElementContext:
    """The arguments for opening an element: its specification, its stream's, the elements before it, and the runtime options."""

    spec: ElementSpec
    stream: StreamSpec
    upstream: str
    options: CpuOptions


class Element:
    """One element of a stream. A subclass names its factory and stage and implements `process`."""

    factory: ClassVar[str]
    stage: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.PLUGIN,)  # the entries of this element in the performance statistics

    def __init__(self, context: ElementContext) -> None:
        self.context = context
        self.name = metadata_key(context.spec)
        self.downstream: Push = lambda _frame: None
        self.statistics = context.options.statistics if self.factory.startswith("mxpi_") else None
        if self.statistics:
            self.statistics.plugin_registered(context.stream.name, self.name, self.factory, *self.kinds)

    def process(self, frame: Frame) -> None:
        """Do the element's work on one frame; raises FrameFailure."""

    def push(self, frame: Frame) -> None:
        """Take a frame from the element before, process it unless it has already failed, and pass it on."""
        self.work(frame)
        self.downstream(frame)

    def entry(self, port: int) -> Push:  # noqa: ARG002 - most elements have one input
        """What takes the frames of an input."""
        return self.push

    def work(self, frame: Frame) -> None:
        """Run `attempt` and time it; does nothing for a failed frame."""
        if not frame.errors:
            started_s = perf_counter()
            self.attempt(frame)
            elapsed_s = frame.stages_s[self.stage] = perf_counter() - started_s
            self.timed(Kind.PLUGIN, elapsed_s)

    def timed(self, kind: Kind, elapsed_s: float) -> None:
        """Add a time to the performance statistics, if they are on."""
        if self.statistics:
            self.statistics.plugin_done(self.context.stream.name, self.name, self.factory, kind, elapsed_s)

    def attempt(self, frame: Frame) -> None:
        """Run `process` and record every failure as an error of the frame."""
        try:
            self.process(frame)
        except FrameFailure as failure:
            frame.errors[self.name] = FrameError(failure.code, failure.text)
        except Exception as error:  # a frame must not end the stream
            logger.exception("element %s failed a frame", self.name)
            if self.context.options.strict:
                frame.unique_id = LOST_ID
            frame.errors[self.name] = FrameError(Code.COMM_INNER, f"An Exception occurred. Error message: ({error}).")

    def release(self) -> None:
        """Wake threads that wait in this element, so that the threads before it can end. `close` is called next."""

    def close(self) -> None:
        """Free the element's resources. No frame is pushed after this call."""

    def input(self, frame: Frame) -> Metadata | None:
        """The metadata under `dataSource` ("auto": the output of the element before), or None."""
        return frame.metadata.get(self.source())

    def source(self) -> str:
        """The key of the metadata the element reads."""
        named = self.text("dataSource")
        return self.context.upstream if named == "auto" else named

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
        """Read a text property that must be one of the allowed values; raises PipelineError 6003."""
        value = self.text(name)
        if value not in allowed:
            raise self.refusal(f"{name} is {value!r}; this runtime knows {', '.join(allowed)}")
        return value

    def handler(self) -> str:
        """The configured image processor, `opencv` or `ascend`; raises PipelineError 6003 for another."""
        handler = self.text("handleMethod") or self.text("cvProcessor")
        if handler not in ("opencv", "ascend"):
            raise self.refusal(f"unknown image processor {handler!r}", 'Set "handleMethod": "opencv".')
        return handler

    def refusal(self, message: str, remedy: str = "") -> PipelineError:
        """The error of an element that cannot start (6003)."""
        return PipelineError(Code.STREAM_CHANGE_STATE, f"Element {self.name!r}: {message}.", remedy)


def metadata_key(spec: ElementSpec) -> str:
    """The key of the element's metadata: the property `name` if set, else the element's name."""
    return str(spec.props.get("name") or spec.name)
