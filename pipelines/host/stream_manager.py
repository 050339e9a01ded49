"""StreamManagerApi on a CPU: the calls, codes and texts of the vendor's Python module, as far as classification goes.

What is here: creation, both pairs of send and get, stop and destroy. Protobuf and metadata calls have their place beside
`GetResult`, on `Stream`.
"""

import logging
import threading

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.host.options import HostOptions
from pipelines.host.results import failure
from pipelines.host.stream import Mode, SendRefused, Stream
from pipelines.host.structs import MxDataInput, MxDataOutput, checked_bytes
from pipelines.spec import parse_stream, read_streams

logger = logging.getLogger(__name__)

NOT_INITIALISED = -1
_REFUSED_CHARACTERS = frozenset(b"\n\f\r\b\t\v\x7f")
_UINT32 = 2**32


class StreamManagerApi:
    """The vendor's entry point. Every call may come from any thread; streams belong to the object that created them."""

    def __init__(self, options: HostOptions | None = None) -> None:
        self._options = options or HostOptions()
        self._initialised = False
        self._streams: dict[bytes, Stream] = {}
        self._creating = threading.Lock()  # two calls may name the same stream
        self.last_error: PipelineError | None = None  # why the last creation failed, in words; the vendor only logs it

    def InitManager(self) -> int:
        """Make the object usable; 0."""
        self._initialised = True
        return Code.OK

    def CreateMultipleStreams(self, pipeline: bytes) -> int:
        """Create every stream of a pipeline text; on the first failure its code, and the earlier streams stay."""
        text = checked_bytes(pipeline, "StreamManagerApi_CreateMultipleStreams", 2)
        if not self._initialised:
            return NOT_INITIALISED
        self.last_error = None
        try:
            for name, value in read_streams(text):
                self._create(name, value)
        except PipelineError as error:
            logger.warning("stream creation failed with %d: %s", error.vendor_code, error)
            self.last_error = error.with_traceback(None)  # whose frames would keep the failed stream and its model
            return error.vendor_code
        return Code.OK

    def _create(self, name: str, value: object) -> None:
        with self._creating:
            if name.encode() in self._streams:
                raise PipelineError(Code.STREAM_EXIST, f"There is a stream {name!r} already.")
            self._streams[name.encode()] = Stream(parse_stream(name, value), self._options)

    def SendData(self, stream: bytes, plugin: int | bytes, data: MxDataInput) -> int:
        """Send without an id; 0, or a positive code. Never waits."""
        found = self._find(stream, "StreamManagerApi_SendData")
        if not isinstance(found, Stream):
            return found
        if _has_refused(plugin) or _has_refused(data.customParam):
            return Code.COMM_INVALID_PARAM
        try:
            return found.send(plugin, data.data, Mode.NORMAL)
        except SendRefused as refused:
            return refused.code

    def GetResult(self, stream: bytes, sink: int, timeout_ms: int = 3000) -> MxDataOutput:
        """The next result of a sink, in the order of the sends."""
        method = "StreamManagerApi_GetResult"
        found = self._find(stream, method)
        timeout_ms = _unsigned(timeout_ms, method, 4)
        if not isinstance(found, Stream):
            return _error_result(found)
        return found.result(sink, timeout_ms / 1000)

    def SendDataWithUniqueId(self, stream: bytes, plugin: int | bytes, data: MxDataInput) -> int:
        """Send and get an id to fetch the result by; -1 for any failure. Waits up to 3 s while the stream is full."""
        found = self._find(stream, "StreamManagerApi_SendDataWithUniqueId")
        if not isinstance(found, Stream) or _has_refused(plugin) or _has_refused(data.customParam):
            return -1
        try:
            return found.send(plugin, data.data, Mode.UNIQUE_ID)
        except SendRefused:
            return -1

    def GetResultWithUniqueId(self, stream: bytes, unique_id: int, timeout_ms: int) -> MxDataOutput:
        """The result of one id; 6010 when it does not come in time."""
        method = "StreamManagerApi_GetResultWithUniqueId"
        found = self._find(stream, method)
        unique_id, timeout_ms = _unsigned(unique_id, method, 3), _unsigned(timeout_ms, method, 4)
        if not isinstance(found, Stream):
            return _error_result(found)
        return found.result_of(unique_id, timeout_ms / 1000)

    def StopStream(self, stream: bytes) -> int:
        """End one stream; its name may be used again."""
        found = self._find(stream, "StreamManagerApi_StopStream")
        if not isinstance(found, Stream):
            return found
        if self._streams.pop(stream, None) is None:
            return Code.STREAM_NOT_EXIST  # another thread was quicker
        found.stop()
        return Code.OK

    def DestroyAllStreams(self) -> int:
        """End every stream of this object."""
        if not self._initialised:
            return NOT_INITIALISED
        for name in list(self._streams):
            if stream := self._streams.pop(name, None):
                stream.stop()
        return Code.OK

    def _find(self, stream: bytes, method: str) -> Stream | int:
        name = checked_bytes(stream, method, 2)
        if not self._initialised:
            return NOT_INITIALISED
        if _has_refused(name):
            return Code.COMM_INVALID_PARAM
        return self._streams.get(name, Code.STREAM_NOT_EXIST)


def _has_refused(name: int | bytes) -> bool:
    """Whether a name holds what the vendor's engine refuses in one."""
    return isinstance(name, bytes) and (not _REFUSED_CHARACTERS.isdisjoint(name) or b"  " in name)


def _error_result(code: int) -> MxDataOutput:
    if code == NOT_INITIALISED:
        return MxDataOutput(code)
    return failure(Code.COMM_INNER if code == Code.COMM_INVALID_PARAM else Code(code))


def _unsigned(value: int, method: str, position: int) -> int:
    where = f"in method '{method}', argument {position} of type 'unsigned int'"
    if not isinstance(value, int):
        raise TypeError(where)
    if not 0 <= value < _UINT32:
        raise OverflowError(where)
    return value
