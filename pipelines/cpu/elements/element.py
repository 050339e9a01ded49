"""The base of the elements: properties in, frames through, errors kept on the frame."""

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
    options: CpuOptions


class Element:
    """One element of a stream. A subclass names its factory and stage and implements `process`."""

    factory: ClassVar[str]
    stage: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.PLUGIN,)  # what the performance statistics tell of it

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
        """Take a frame from upstream, work on it unless it has failed already, and pass it on."""
        self.work(frame)
        self.downstream(frame)

    def work(self, frame: Frame) -> None:
        """`attempt`, timed; nothing for a frame that has failed."""
        if not frame.errors:
            started_s = perf_counter()
            self.attempt(frame)
            elapsed_s = frame.stages_s[self.stage] = perf_counter() - started_s
            self.timed(Kind.PLUGIN, elapsed_s)

    def timed(self, kind: Kind, elapsed_s: float) -> None:
        """Tell the performance statistics, if anybody keeps them."""
        if self.statistics:
            self.statistics.plugin_done(self.context.stream.name, self.name, self.factory, kind, elapsed_s)

    def attempt(self, frame: Frame) -> None:
        """Run `process`, turning every failure into an error on the frame."""
        try:
            self.process(frame)
        except FrameFailure as failure:
            frame.errors[self.name] = FrameError(failure.code, failure.text)
        except Exception as error:  # the stream outlives any frame
            logger.exception("element %s failed a frame", self.name)
            if self.context.options.strict:
                frame.unique_id = LOST_ID
            frame.errors[self.name] = FrameError(Code.COMM_INNER, f"An Exception occurred. Error message: ({error}).")

    def release(self) -> None:
        """Let go of whoever waits in this element, so that the threads upstream can end; `close` follows."""

    def close(self) -> None:
        """Release what the element holds; nothing is pushed afterwards."""

    def input(self, frame: Frame) -> Metadata | None:
        """The metadata under `dataSource` ("auto": what the upstream element wrote), or None."""
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
        """A text property that must be one of a few; raises PipelineError 6003."""
        value = self.text(name)
        if value not in allowed:
            raise self.refusal(f"{name} is {value!r}; this runtime knows {', '.join(allowed)}")
        return value

    def handler(self) -> str:
        """The image processor that is asked for, `opencv` or `ascend`; raises PipelineError 6003 for any other."""
        handler = self.text("handleMethod") or self.text("cvProcessor")
        if handler not in ("opencv", "ascend"):
            raise self.refusal(f"there is no image processor {handler!r}", 'Set "handleMethod": "opencv".')
        return handler

    def refusal(self, message: str, remedy: str = "") -> PipelineError:
        """The error of an element that cannot start (6003)."""
        return PipelineError(Code.STREAM_CHANGE_STATE, f"Element {self.name!r}: {message}.", remedy)


def metadata_key(spec: ElementSpec) -> str:
    """The key an element writes its metadata under: its name, unless its property `name` gives it another."""
    return str(spec.props.get("name") or spec.name)
