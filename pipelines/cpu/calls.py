"""The arguments of the vendor's calls: find the overload and check the types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.frame import Box, Boxes, Metadata
from pipelines.cpu.results import Delivery
from pipelines.cpu.stream import Mode, Stream
from pipelines.cpu.structs import (
    MetadataInputVector,
    MxBufferAndMetadataOutput,
    MxBufferInput,
    MxDataInput,
    MxMetadataOutput,
    MxProtobufIn,
    MxProtobufOut,
    OutProtobufVector,
    checked_bytes,
    checked_int,
)

NOT_INITIALISED = -1
DEFAULT_TIMEOUT_MS = 3000
ELEMENT_INVALID = 6011
_REFUSED = frozenset(b"\n\f\r\b\t\v\x7f")
_RESERVED_KEYS = ("ReserveMetadataGraph", "ReservedVisionList", "ErrorInfo")
_API = "StreamManagerApi_"


@dataclass(frozen=True, slots=True)
class Send:
    """The arguments of a call that sends. `names` are further texts that must not hold a character refused in a stream name.

    `slow`: the caller says that the image takes long to decode, by an attribute that the vendor's struct does not read.
    """

    stream: bytes
    plugin: int | bytes
    data: bytes = b""
    boxes: Boxes | None = None
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    names: tuple[bytes, ...] = ()
    refusal: int = 0
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Get:
    """The arguments of a call that fetches."""

    stream: bytes
    sink: Any = 0
    keys: tuple[bytes, ...] | None = None
    timeout_s: float = 0.0
    unique_id: int = 0
    names: tuple[bytes, ...] = ()


def has_refused_character(name: bytes) -> bool:
    r"""Whether the vendor refuses a name: it has two blanks in a row or one of \n \f \r \b \t \v DEL."""
    return b"  " in name or not _REFUSED.isdisjoint(name)


def text(value: object, method: str, position: int) -> bytes:
    """Check a text argument; raises the same errors as the vendor's binding."""
    return checked_bytes(value, _API + method, position)


def _overloaded(method: str) -> TypeError:
    return TypeError(f"Wrong number or type of arguments for overloaded function '{_API}{method}'.")


def _target(args: tuple[Any, ...], method: str) -> tuple[bytes, int | bytes]:
    stream, plugin = args[0], args[1]
    if stream is None:
        raise ValueError(f"invalid null reference in method '{_API}{method}', argument 2 of type 'std::string const &'")
    if not isinstance(stream, bytes) or not isinstance(plugin, int | bytes):
        raise _overloaded(method)
    return stream, plugin


def _boxes(data: MxDataInput) -> Boxes | None:
    if not data.has_boxes:
        return None
    return Boxes(tuple(Box(box.x0, box.y0, box.x1, box.y1) for box in data.roiBoxs))


def _image(args: tuple[Any, ...], method: str) -> Send:
    stream, plugin = _target(args, method)
    data = args[2]
    names = (data.customParam, plugin) if isinstance(plugin, bytes) else (data.customParam,)
    return Send(stream, plugin, data.data, _boxes(data), names=names, slow=bool(getattr(data, "slow", False)))


def send_data(args: tuple[Any, ...]) -> Send:
    """The arguments of SendData, in either form."""
    if len(args) == 3 and isinstance(args[2], MxDataInput):
        return _image(args, "SendData")
    if len(args) == 4 and isinstance(args[2], list | tuple) and isinstance(args[3], MxBufferInput) and isinstance(args[1], bytes):
        stream, plugin = _target(args, "SendData")
        entries = [(entry.dataSource, entry.dataType, entry.serializedMetadata) for entry in MetadataInputVector(args[2])]
        metadata, refusal = _metadata(entries)
        return Send(stream, plugin, args[3].data, None, metadata, (*(key for key, _, _ in entries), args[1]), refusal)
    raise _overloaded("SendData")


def send_with_id(args: tuple[Any, ...]) -> Send:
    """The arguments of SendDataWithUniqueId."""
    if len(args) == 3 and isinstance(args[2], MxDataInput):
        return _image(args, "SendDataWithUniqueId")
    raise _overloaded("SendDataWithUniqueId")


def send_protobuf(args: tuple[Any, ...]) -> Send:
    """The arguments of SendProtobuf."""
    if len(args) != 3 or not isinstance(args[2], list | tuple) or not all(isinstance(entry, MxProtobufIn) for entry in args[2]):
        raise _overloaded("SendProtobuf")
    stream, plugin = _target(args, "SendProtobuf")
    entries = [(entry.key, entry.type, entry.protobuf) for entry in args[2]]
    metadata, refusal = _metadata(entries)
    names = tuple(key for key, _, _ in entries) + ((plugin,) if isinstance(plugin, bytes) else ())
    return Send(stream, plugin, b"", None, metadata, names, refusal)


def _metadata(entries: list[tuple[bytes, bytes, bytes]]) -> tuple[dict[str, Metadata], int]:
    """The sent messages by key, or the error code: 1001 wrong type or bytes, 1004 reserved key, 7010 a repeated key."""
    from pipelines.cpu.messages import from_message  # imported here, so that only callers with messages load protobuf

    metadata: dict[str, Metadata] = {}
    for key, kind, data in entries:
        name = key.decode(errors="replace")
        try:
            message = from_message(kind.decode(errors="replace"), data)
        except ValueError:
            return {}, Code.COMM_FAILURE
        if name in _RESERVED_KEYS:
            return {}, Code.COMM_INVALID_PARAM
        if name in metadata:
            return {}, Code.METADATA_KEY_EXISTS
        metadata[name] = message
    return metadata, 0


def get_result(args: tuple[Any, ...]) -> Get:
    """The arguments of GetResult, in either form."""
    if not 2 <= len(args) <= 4:
        raise _overloaded("GetResult")
    stream, sink = _target(args, "GetResult")
    rest = args[2:]
    if isinstance(sink, bytes):
        if not rest or not isinstance(rest[0], list | tuple):
            raise _overloaded("GetResult")
        keys, rest = tuple(checked_bytes(key, f"{_API}GetResult", 4) for key in rest[0]), rest[1:]
        return Get(stream, sink, keys, _timeout_s(rest), names=(sink, *keys))
    if len(rest) > 1:
        raise _overloaded("GetResult")
    return Get(stream, sink, None, _timeout_s(rest))


def _timeout_s(rest: tuple[Any, ...]) -> float:
    if not rest:
        return DEFAULT_TIMEOUT_MS / 1000
    if not isinstance(rest[0], int) or not 0 <= rest[0] < 2**32:
        raise _overloaded("GetResult")
    return rest[0] / 1000


def get_with_id(args: tuple[Any, Any, Any]) -> Get:
    """The arguments of GetResultWithUniqueId."""
    method = f"{_API}GetResultWithUniqueId"
    stream = checked_bytes(args[0], method, 2)
    unique_id = checked_int(args[1], method, 3, "unsigned long", 0, 2**64 - 1)
    return Get(stream, unique_id=unique_id, timeout_s=checked_int(args[2], method, 4, "unsigned int", 0, 2**32 - 1) / 1000)


def get_protobuf(args: tuple[Any, Any, Any]) -> Get:
    """The arguments of GetProtobuf."""
    method = f"{_API}GetProtobuf"
    stream = checked_bytes(args[0], method, 2)
    sink = checked_int(args[1], method, 3, "int", -(2**31), 2**31 - 1)
    kind = "std::vector< std::string,std::allocator< std::string > > const &"
    if not isinstance(args[2], list | tuple) or not all(isinstance(key, bytes) for key in args[2]):
        raise TypeError(f"in method '{method}', argument 4 of type '{kind}'")
    return Get(stream, sink, tuple(args[2]), names=tuple(args[2]))


def messages(delivery: Delivery | None, keys: tuple[bytes, ...]) -> OutProtobufVector:
    """The messages of a delivery by key. A missing key is left out, as in the vendor's engine."""
    found = OutProtobufVector()
    if delivery is None:
        return found
    for key in keys:
        message = _message(delivery, key)
        if message is not None:
            entry = MxProtobufOut()
            entry.errorCode, entry.messageName = delivery.result.errorCode, key
            entry.messageBuf = message.SerializeToString()
            found.push_back(entry)
    return found


def _message(delivery: Delivery, key: bytes) -> Any:  # noqa: ANN401 - generated classes have no types
    from pipelines.cpu.messages import to_message

    metadata = delivery.metadata.get(key.decode(errors="replace"))
    return None if metadata is None else to_message(metadata)


def metadata_output(found: Stream | int, call: Get) -> MxBufferAndMetadataOutput:
    """The result of the newer form of GetResult."""
    if not isinstance(found, Stream):
        if found == Code.COMM_INVALID_PARAM:
            return MxBufferAndMetadataOutput(found, b"GetResult: the streamName or elementName contains invalid char, please check.")
        if found == NOT_INITIALISED:
            return MxBufferAndMetadataOutput(
                Code.STREAM_NOT_EXIST, b"The initialization is not performed, Call the InitManager method first."
            )
        return MxBufferAndMetadataOutput(found, b"Stream(" + call.stream + b") not exist.")
    if found.mode is not Mode.NORMAL:
        return MxBufferAndMetadataOutput(
            Code.STREAM_DUPLICATE_MODE, b'Cannot get data with "GetResult()", use the other matched with send data function.'
        )
    if call.sink not in [sink.name.encode() for sink in found.sinks]:
        return MxBufferAndMetadataOutput(ELEMENT_INVALID, b"ElementName(" + call.sink + b") is not a name of output element.")
    delivery = found.delivery(call.sink, call.timeout_s)
    if delivery is None:
        limit = f"Get empty result, or exceed the time limit({round(call.timeout_s * 1000)})."
        return MxBufferAndMetadataOutput(Code.COMM_FAILURE, (code_text(Code.COMM_FAILURE) + limit).encode())
    return _delivered(delivery, call.keys or ())


def _delivered(delivery: Delivery, keys: tuple[bytes, ...]) -> MxBufferAndMetadataOutput:
    if delivery.result.errorCode:
        return MxBufferAndMetadataOutput(delivery.result.errorCode, delivery.result.data)
    output = MxBufferAndMetadataOutput()
    output.bufferOutput.data = delivery.result.data
    for key in keys:
        message = _message(delivery, key)
        if message is not None:
            entry = MxMetadataOutput()
            entry.dataType, entry.serializedMetadata = message.DESCRIPTOR.name.encode(), message.SerializeToString()
            output.metadataVec.push_back(entry)
    return output
