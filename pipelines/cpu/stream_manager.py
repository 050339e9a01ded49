"""CpuStreamManager: the calls, codes and texts of the vendor's Python module, on a CPU.

The number and types of the arguments select the overload, as in the vendor's binding. Wrong arguments raise errors with the
vendor's texts. Any thread may make any call. A stream belongs to the object that created it.
"""

import logging
import threading
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any, ClassVar

from pipelines.codes import Code
from pipelines.cpu import calls
from pipelines.cpu.results import failure
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.stream import BOXES_KEY, Mode, SendRefused, Stream
from pipelines.cpu.structs import (
    MxDataOutput,
    MxProtobufOut,
    OutProtobufVector,
)
from pipelines.cpu.text.pipeline_text import read_streams
from pipelines.cpu.text.spec import parse_stream, stream_object
from pipelines.pipeline_errors import PipelineError

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 100 * 1024 * 1024
NOT_INITIALISED_TEXT = b"The initialization is not performed, Call the InitManager method first."


def _called_as_the_vendors(manager: type["CpuStreamManager"]) -> type["CpuStreamManager"]:
    """Replace the class name by the vendor's in the errors about a wrong number of arguments."""
    for name, member in vars(manager).items():
        if isinstance(member, FunctionType):
            member.__qualname__ = f"StreamManagerApi.{name}"
    return manager


@_called_as_the_vendors
class CpuStreamManager:
    """The vendor's entry point, StreamManagerApi."""

    _began: ClassVar[bool] = False  # in this process

    def __init__(self, options: CpuOptions | None = None) -> None:
        self._options = options or CpuOptions()
        self._initialised = False
        self._streams: dict[bytes, Stream] = {}
        self._creating = threading.Lock()  # two concurrent calls may name the same stream
        self.last_error: PipelineError | None = None  # why the last creation failed; the vendor only logs it

    def InitManager(self, argStrings: object = None) -> int:
        """Make the object usable; returns 0, and in strict mode 1013 at the process's first call if $HOME is not a folder."""
        if self._options.strict and not CpuStreamManager._began:
            CpuStreamManager._began = True  # the vendor's flag is raised before its checks, so only the first call can fail
            if not Path.home().is_dir():
                return Code.COMM_INIT_FAIL
        self._initialised = True
        self._options = self._options.with_statistics()
        return Code.OK

    def CreateMultipleStreams(self, streamsConfig: bytes) -> int:
        """Create every stream of a pipeline text. On the first failure return its code; the streams created before stay."""
        text = calls.text(streamsConfig, "CreateMultipleStreams", 2)
        if not self._initialised:
            return calls.NOT_INITIALISED
        self.last_error = None
        try:
            for name, value in read_streams(text):
                self._create(name, value)
        except PipelineError as error:
            logger.warning("stream creation failed with %d: %s", error.vendor_code, error)
            self.last_error = error.with_traceback(None)  # a traceback would keep the failed stream and its model alive
            return error.vendor_code
        return Code.OK

    def _create(self, name: str, value: object) -> None:
        with self._creating:
            stream_object(name, value)  # checked before the name, as with the vendor
            if name.encode() in self._streams:
                raise PipelineError(Code.STREAM_EXIST, f"A stream {name!r} exists already.")
            self._streams[name.encode()] = Stream(parse_stream(name, value), self._options)

    def CreateMultipleStreamsFromFile(self, streamsFilePath: bytes) -> int:
        """Do the same from a file: 1029 for a missing file or symbolic link, 1004 for an empty file or another type, 1001 above 100 MB."""
        path = Path(calls.text(streamsFilePath, "CreateMultipleStreamsFromFile", 2).decode(errors="surrogateescape"))
        if not self._initialised:
            return calls.NOT_INITIALISED
        if not streamsFilePath or not path.exists() or path.is_symlink():
            return Code.COMM_INVALID_PATH
        if not path.is_file():
            return Code.COMM_INVALID_PARAM
        if path.stat().st_size > MAX_FILE_BYTES:
            return Code.COMM_FAILURE
        return self.CreateMultipleStreams(path.read_bytes())

    def SendData(self, *args: Any) -> int:
        """(stream, source, MxDataInput) or (stream, element, MetadataInputVector, MxBufferInput): returns 0 or a code. Never waits."""
        return self._send(calls.send_data(args))

    def SendProtobuf(self, *args: Any) -> int:
        """(stream, source, InProtobufVector): returns 0 or a code. Sends metadata without an image."""
        return self._send(calls.send_protobuf(args))

    def _send(self, call: calls.Send) -> int:
        if not self._initialised:
            return calls.NOT_INITIALISED
        if call.refusal == Code.COMM_FAILURE:  # the binding makes the messages before it calls the engine
            return call.refusal
        if isinstance(call.plugin, int) and call.plugin < 0:
            return Code.COMM_INVALID_PARAM
        found = self._find(call.stream, *call.names)
        if not isinstance(found, Stream):
            return found
        if call.refusal:
            return call.refusal
        metadata = dict(call.metadata) | ({BOXES_KEY: call.boxes} if call.boxes else {})
        try:
            found.send(call.plugin, call.data, metadata, slow=call.slow)
        except SendRefused as refused:
            return refused.code
        return Code.OK

    def GetResult(self, *args: Any) -> Any:
        """(stream, sink[, ms]) or (stream, element, StringVector[, ms]): the next result of a sink, in the order of the sends."""
        call = calls.get_result(args)
        found = self._find(call.stream, *call.names)
        if call.keys is not None:
            return calls.metadata_output(found, call)
        if not isinstance(found, Stream):
            return _error_result(found)
        if isinstance(call.sink, int) and call.sink < 0:
            return failure(Code.COMM_INVALID_PARAM)
        return found.result(int(call.sink), call.timeout_s)

    def GetProtobuf(self, streamName: bytes, outPluginId: int, keyVec: Any) -> OutProtobufVector:
        """The available messages of the next buffer of a sink; waits without a timeout."""
        call = calls.get_protobuf((streamName, outPluginId, keyVec))
        if not self._initialised:
            missing = MxProtobufOut()
            missing.errorCode, missing.messageName = calls.NOT_INITIALISED, NOT_INITIALISED_TEXT
            return OutProtobufVector([missing])
        found = self._find(call.stream, *call.names)
        if not isinstance(found, Stream) or found.mode is Mode.UNIQUE_ID or not call.keys or call.sink < 0:
            return OutProtobufVector()
        return calls.messages(found.delivery(call.sink, None), call.keys)

    def SendDataWithUniqueId(self, *args: Any) -> int:
        """(stream, source, MxDataInput): returns an id for the result, or -1 on failure. Waits up to 3 s while the stream is full."""
        call = calls.send_with_id(args)
        found = self._find(call.stream, *call.names)
        if not isinstance(found, Stream):
            return calls.NOT_INITIALISED
        try:
            return found.send_with_id(call.plugin, call.data, call.boxes, slow=call.slow)
        except SendRefused:
            return -1

    def GetResultWithUniqueId(self, streamName: bytes, uniqueId: int, timeOutInMs: int) -> MxDataOutput:
        """The result of one id; 6010 after the timeout."""
        call = calls.get_with_id((streamName, uniqueId, timeOutInMs))
        found = self._find(call.stream)
        if not isinstance(found, Stream):
            return _error_result(found)
        return found.result_of(call.unique_id, call.timeout_s)

    def StopStream(self, streamName: bytes) -> int:
        """End one stream; its name can be used again."""
        name = calls.text(streamName, "StopStream", 2)
        found = self._find(name)
        if not isinstance(found, Stream):
            return found
        found.check_idle()
        if self._streams.pop(name, None) is None:
            return Code.STREAM_NOT_EXIST  # another thread stopped it first
        found.stop()
        return Code.OK

    def DestroyAllStreams(self) -> int:
        """End every stream of this object."""
        if not self._initialised:
            return calls.NOT_INITIALISED
        for name in list(self._streams):
            if stream := self._streams.pop(name, None):
                stream.stop()
        if self._options.statistics:
            self._options.statistics.stop()
            self._options = replace(self._options, statistics=None)
        return Code.OK

    def _find(self, stream: bytes, *names: bytes) -> Stream | int:
        """The stream, or the code if there is none; checks the characters of the other names too."""
        if not self._initialised:
            return calls.NOT_INITIALISED
        if any(calls.has_refused_character(name) for name in (stream, *names)):
            return Code.COMM_INVALID_PARAM
        return self._streams.get(stream, Code.STREAM_NOT_EXIST)


def _error_result(code: int) -> MxDataOutput:
    if code == calls.NOT_INITIALISED:
        return MxDataOutput(code)
    return failure(Code.COMM_INNER if code == Code.COMM_INVALID_PARAM else Code(code))
