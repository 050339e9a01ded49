"""A running stream: its linked elements, the calls that send, and the calls that fetch."""

import threading
from contextlib import nullcontext
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from pipelines.codes import Code
from pipelines.cpu.elements.appsink import AppSink
from pipelines.cpu.elements.appsrc import AppSrc
from pipelines.cpu.elements.element import TRANSPARENT, Element, ElementContext, Push, metadata_key
from pipelines.cpu.elements.elements import open_element
from pipelines.cpu.elements.frame import LOST_ID, Boxes, Frame, Metadata
from pipelines.cpu.elements.imagecrop import ImageCrop
from pipelines.cpu.elements.imagedecoder import ImageDecoder
from pipelines.cpu.elements.imageresize import ImageResize
from pipelines.cpu.elements.plumbing import Tee
from pipelines.cpu.elements.tensorinfer import TensorInfer
from pipelines.cpu.results import Delivery, ResultQueue, ResultTable, failure
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.strict import LoneSender, StrictResultTable
from pipelines.cpu.structs import MxDataOutput
from pipelines.cpu.text.spec import ElementSpec, StreamSpec
from pipelines.pipeline_errors import PipelineError

AnyElement = TypeVar("AnyElement", bound=Element)

SEND_WAIT_S = 3.0  # the vendor's send by unique id waits this long for room
BOXES_KEY = "appInput"


class Mode(StrEnum):
    """The mode of a stream; the first send decides it for the stream's life."""

    NORMAL = "normal"
    UNIQUE_ID = "unique_id"


class SendRefused(Exception):
    """The stream refuses a send; carries the vendor's code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class Stream:
    """One stream of a pipeline, running until `stop`."""

    def __init__(self, spec: StreamSpec, options: CpuOptions) -> None:
        self.spec = spec
        self._options = options
        self._mode: Mode | None = None
        self._choosing_mode = threading.Lock()
        self._check_devices()
        self._table = StrictResultTable(self._stalled) if options.strict else ResultTable()
        self._sender = LoneSender() if options.strict and options.race else None
        self._queues: dict[str, ResultQueue] = {}
        self._elements: dict[str, Element] = {}
        try:
            self._open_elements()
        except BaseException:
            self.stop()
            raise
        self.sources = self._by_name(AppSrc)
        self.sinks = sorted((sink for sink in self._by_name(AppSink) if sink.delivers), key=lambda sink: sink.number)
        self._queues.update((sink.name, ResultQueue()) for sink in self.sinks)
        for sink in self.sinks:
            sink.deliver = self._deliver
        if options.statistics:
            options.statistics.stream_opened(spec.name)
        for source in self.sources:
            source.start()

    def _check_devices(self) -> None:
        devices = {element.props.get("deviceId", 0) for element in self.spec.elements.values()}
        if other := devices - {0}:
            raise PipelineError(
                Code.STREAM_CHANGE_STATE, f"Stream {self.spec.name!r}: device {other.pop()} does not exist.", "A CPU is device 0."
            )

    def _open_elements(self) -> None:
        for element in self.spec.elements.values():
            upstream = element.inputs[0] if element.inputs else ""
            while upstream and self.spec.elements[upstream].factory in TRANSPARENT:
                upstream = self.spec.elements[upstream].inputs[0]
            key = metadata_key(self.spec.elements[upstream]) if upstream else ""
            context = ElementContext(element, self.spec, key, self._options)
            self._elements[element.name] = open_element(context)
        for element in self.spec.elements.values():
            self._link(element)

    def _link(self, spec: ElementSpec) -> None:
        element = self._elements[spec.name]
        following = self._entries(spec)
        if isinstance(element, Tee):
            element.branches = following
        elif following:
            element.downstream = following[0]
        if isinstance(element, ImageResize) and isinstance(model := self._past_plumbing(spec), TensorInfer):
            height, width, _ = model.model.image_shape
            element.following_model_size = (width, height)
        if isinstance(element, ImageDecoder) and self._options.decode == "reduced":
            reader = self._lone_reader(spec)
            element.resized_px = reader.resized_px if isinstance(reader, ImageResize) else None

    def _entries(self, spec: ElementSpec) -> list[Push]:
        """The inputs that get the output of an element. A tee may feed several of one element."""
        entries: list[Push] = []
        for place, name in enumerate(spec.next):
            ports = [port for port, feeder in enumerate(self.spec.elements[name].inputs) if feeder == spec.name]
            entries.append(self._elements[name].entry(ports[spec.next[:place].count(name)]))
        return entries

    def _lone_reader(self, spec: ElementSpec) -> Element | None:
        """The element that uses the output of this one, if no other one can. A crop reads the decoder's picture without naming it."""
        others = [one for one in self.spec.elements.values() if one is not spec]
        named = any(metadata_key(spec) in str(value) for one in others for value in one.props.values())
        shared = any(isinstance(element, (Tee, ImageCrop)) for element in self._elements.values())
        return None if named or shared else self._past_plumbing(spec)

    def _past_plumbing(self, spec: ElementSpec) -> Element | None:
        """The element that uses the output of this one."""
        while spec.next:
            spec = self.spec.elements[spec.next[0]]
            if spec.factory not in TRANSPARENT:
                return self._elements[spec.name]
        return None

    def _by_name(self, kind: type[AnyElement]) -> list[AnyElement]:
        return [element for _, element in sorted(self._elements.items()) if isinstance(element, kind)]

    @property
    def mode(self) -> Mode:
        """The mode of the stream; normal before the first send."""
        return self._mode or Mode.NORMAL

    def source(self, plugin: int | bytes) -> AppSrc:
        """The source by index (sources are sorted by name) or by name; raises SendRefused 6006."""
        if isinstance(plugin, bytes):
            found = self._elements.get(plugin.decode(errors="replace"))
            if isinstance(found, AppSrc):
                return found
        elif 0 <= plugin < len(self.sources):
            return self.sources[plugin]
        raise SendRefused(Code.STREAM_ELEMENT_LINK)

    def send(self, plugin: int | bytes, data: bytes, metadata: dict[str, Metadata] | None = None, *, slow: bool = False) -> None:
        """Send an image, messages, or both, without waiting; raises SendRefused."""
        source = self.source(plugin)
        self._choose(Mode.NORMAL)
        if not source.put(Frame(data, 0, metadata or {}, slow=slow)):
            raise SendRefused(Code.STREAM_NOT_EXIST)

    def send_with_id(self, plugin: int | bytes, data: bytes, boxes: Boxes | None = None, *, slow: bool = False) -> int:
        """Send one image and return the id of its result; raises SendRefused."""
        source = self.source(plugin)
        with self._sender.sending() if self._sender else nullcontext():
            self._choose(Mode.UNIQUE_ID)
            if not source.enter(SEND_WAIT_S):
                raise SendRefused(Code.QUEUE_FULL)
            unique_id = self._table.new_id()  # a refused send takes no id
            source.put(Frame(data, unique_id, {BOXES_KEY: boxes} if boxes else {}, slow=slow), entered=True)
            return unique_id

    def _stalled(self) -> None:
        for source in self.sources:
            source.open_when_stalled()

    def _choose(self, mode: Mode) -> None:
        with self._choosing_mode:
            if self._mode not in (None, mode):
                raise SendRefused(Code.STREAM_DUPLICATE_MODE)
            self._mode = mode

    def result(self, sink_index: int, timeout_s: float) -> MxDataOutput:
        """The next result of a sink; 1002 in the wrong mode, for an unknown sink, or after the timeout."""
        if self.mode is Mode.UNIQUE_ID or not 0 <= sink_index < len(self.sinks):
            return failure(Code.COMM_INNER)
        delivery = self._queues[self.sinks[sink_index].name].get(timeout_s)
        return delivery.result if delivery else failure(Code.COMM_INNER)

    def delivery(self, sink: int | bytes, timeout_s: float | None) -> Delivery | None:
        """The next delivery of a sink with its metadata, or None after the timeout."""
        index = sink if isinstance(sink, int) else [one.name.encode() for one in self.sinks].index(sink)
        return self._queues[self.sinks[index].name].get(timeout_s) if 0 <= index < len(self.sinks) else None

    def result_of(self, unique_id: int, timeout_s: float) -> MxDataOutput:
        """The result of an id; 6010 in the wrong mode, for an unknown id, or after the timeout."""
        if self._mode is not Mode.UNIQUE_ID:
            self._table.drop(unique_id)
        return self._table.get(unique_id, timeout_s if self._mode is Mode.UNIQUE_ID else 0)

    def _deliver(self, sink: AppSink, frame: Frame, result: MxDataOutput) -> None:
        self._options.frame_done(self.spec.name, frame.unique_id, frame.stages_s)
        if self._mode is Mode.UNIQUE_ID:
            if frame.unique_id != LOST_ID:
                self._table.put(frame.unique_id, result)
                self._options.result_ready(self.spec.name, frame.unique_id)
        else:
            self._queues[sink.name].put(Delivery(result, frame.metadata))

    def check_idle(self) -> None:
        """In strict mode raise VendorAbort while a caller waits for a result by its id."""
        self._table.check_idle()

    def stop(self) -> None:
        """End every thread and wake every waiter; drop the frames inside, because no caller can fetch them any more."""
        self._table.close()
        for queue in self._queues.values():
            queue.close()
        for element in self._elements.values():
            element.release()
        for name in self._downward():
            self._elements[name].close()
        if self._options.statistics:
            self._options.statistics.stream_closed(self.spec.name)

    def _downward(self) -> list[str]:
        """The elements, each before those it feeds, so that no element pushes into a closed one."""
        feeders = {name: [one for one in spec.inputs if one in self._elements] for name, spec in self.spec.elements.items()}
        try:
            order = list(TopologicalSorter(feeders).static_order())
        except CycleError:  # a ring has no such order
            order = list(feeders)
        return [name for name in order if name in self._elements]
