"""A running stream: its elements, linked, and the ways in and out."""

import threading
from enum import StrEnum
from typing import TypeVar

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.host.appsink import AppSink
from pipelines.host.appsrc import AppSrc
from pipelines.host.classpostprocessor import ClassPostProcessor
from pipelines.host.dataserialize import DataSerialize
from pipelines.host.element import Element, ElementContext
from pipelines.host.frame import Frame
from pipelines.host.imagedecoder import ImageDecoder
from pipelines.host.imageresize import ImageResize
from pipelines.host.options import HostOptions
from pipelines.host.results import ResultQueue, ResultTable, failure
from pipelines.host.structs import MxDataOutput
from pipelines.host.tensorinfer import TensorInfer
from pipelines.spec import ElementSpec, StreamSpec

AnyElement = TypeVar("AnyElement", bound=Element)

SEND_WAIT_S = 3.0  # how long the vendor's send by unique id waits for room

ELEMENTS: dict[str, type[Element]] = {
    "appsrc": AppSrc,
    "mxpi_imagedecoder": ImageDecoder,
    "mxpi_imageresize": ImageResize,
    "mxpi_tensorinfer": TensorInfer,
    "mxpi_classpostprocessor": ClassPostProcessor,
    "mxpi_dataserialize": DataSerialize,
    "appsink": AppSink,
}


class Mode(StrEnum):
    """How a stream is talked to; the first send decides, for the stream's life."""

    NORMAL = "normal"
    UNIQUE_ID = "unique_id"


class SendRefused(Exception):
    """A send that the stream does not take; carries the vendor's code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class Stream:
    """One stream of a pipeline, running until `stop`."""

    def __init__(self, spec: StreamSpec, options: HostOptions) -> None:
        self.spec = spec
        self._options = options
        self.mode: Mode | None = None
        self._choosing_mode = threading.Lock()
        self._check_devices()
        self._table = ResultTable()
        self._queues: dict[str, ResultQueue] = {}
        self._elements: dict[str, Element] = {}
        try:
            self._open_elements()
        except BaseException:
            self.stop()
            raise
        self.sources = self._by_name(AppSrc)
        self.sinks = sorted(self._by_name(AppSink), key=lambda sink: int(sink.name.removeprefix("appsink")))
        self._queues.update((sink.name, ResultQueue()) for sink in self.sinks)
        for sink in self.sinks:
            sink.deliver = self._deliver
        for source in self.sources:
            source.start()

    def _check_devices(self) -> None:
        devices = {self.spec.device_id} | {element.props.get("deviceId", 0) for element in self.spec.elements.values()}
        if other := devices - {0}:
            raise PipelineError(
                Code.STREAM_CHANGE_STATE, f"Stream {self.spec.name!r}: there is no device {other.pop()}.", "A CPU is device 0."
            )

    def _open_elements(self) -> None:
        upstream = {target.partition(":")[0]: element.name for element in self.spec.elements.values() for target in element.next}
        for element in self.spec.elements.values():
            self._elements[element.name] = _element(
                ElementContext(element, self.spec, upstream.get(element.name, ""), self._options), element
            )
        for element in self.spec.elements.values():
            if element.next:
                self._elements[element.name].downstream = self._elements[element.next[0].partition(":")[0]].push

    def _by_name(self, kind: type[AnyElement]) -> list[AnyElement]:
        return [element for _, element in sorted(self._elements.items()) if isinstance(element, kind)]

    def source(self, plugin: int | bytes) -> AppSrc:
        """The source of an index (sources sorted by name) or of a name; raises SendRefused 6006."""
        if isinstance(plugin, bytes):
            found = self._elements.get(plugin.decode(errors="replace"))
            if isinstance(found, AppSrc):
                return found
        elif 0 <= plugin < len(self.sources):
            return self.sources[plugin]
        raise SendRefused(Code.STREAM_ELEMENT_LINK)

    def send(self, plugin: int | bytes, data: bytes, mode: Mode) -> int:
        """Send one image and return its id (0 in normal mode); raises SendRefused."""
        source = self.source(plugin)
        with self._choosing_mode:
            if self.mode not in (None, mode):
                raise SendRefused(Code.STREAM_DUPLICATE_MODE)
            self.mode = mode
        if mode is Mode.NORMAL:
            if not source.put(Frame(data, 0), wait_s=None):
                raise SendRefused(Code.STREAM_NOT_EXIST)
            return 0
        unique_id = self._table.new_id()
        if not source.put(Frame(data, unique_id), SEND_WAIT_S):
            self._table.forget(unique_id)
            raise SendRefused(Code.QUEUE_FULL)
        return unique_id

    def result(self, sink_index: int, timeout_s: float) -> MxDataOutput:
        """The next result of a sink: 1002 in the wrong mode or when none comes in time."""
        if sink_index < 0:
            return failure(Code.COMM_INVALID_PARAM)
        if self.mode is Mode.UNIQUE_ID or not 0 <= sink_index < len(self.sinks):
            return failure(Code.COMM_INNER)
        return self._queues[self.sinks[sink_index].name].get(timeout_s)

    def result_of(self, unique_id: int, timeout_s: float) -> MxDataOutput:
        """The result of an id: 6010 in the wrong mode, for an id not under way, or when it does not come in time."""
        return self._table.get(unique_id, timeout_s)

    def _deliver(self, sink: AppSink, frame: Frame, result: MxDataOutput) -> None:
        self._options.frame_done(self.spec.name, frame.unique_id, frame.stages_s)
        if self.mode is Mode.UNIQUE_ID:
            self._table.put(frame.unique_id, result)
        else:
            self._queues[sink.name].put(result)

    def stop(self) -> None:
        """End every thread and wake every waiter; what is under way is dropped, since nobody can ask for it any more."""
        self._table.close()
        for queue in self._queues.values():
            queue.close()
        for element in sorted(self._elements.values(), key=lambda element: not isinstance(element, AppSrc)):
            element.close()


def _element(context: ElementContext, spec: ElementSpec) -> Element:
    kind = ELEMENTS.get(spec.factory)
    if kind is None:
        have = ", ".join(ELEMENTS)
        raise PipelineError(
            Code.STREAM_FACTORY_INVALID, f"Element {spec.name!r}: the CPU runtime has no {spec.factory}.", f"It has: {have}."
        )
    try:
        return kind(context)
    except OSError as error:
        raise PipelineError(Code.STREAM_CHANGE_STATE, f"Element {spec.name!r}: {error}.") from error
