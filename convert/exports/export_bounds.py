"""Bounds what the official parser would make of an ONNX file, before that reads it.

It makes an object of every message and every text, and an empty one takes two bytes of the file.
"""

from pathlib import Path

import onnx
from google.protobuf.descriptor import Descriptor

from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.inspection.protobuf_fields import FieldSpan, ProtobufFile
from convert.networks.plain_network import MAX_FILE_BYTES

MAX_DEPTH = 100  # messages within messages; the official parser takes no more


def check_bounds(path: Path) -> None:
    """Raise CheckpointRefused for a file that is too large, is not protobuf, or has too many fields. Reads no weights; raises OSError."""
    if (size_bytes := path.stat().st_size) > MAX_FILE_BYTES:
        raise CheckpointRefused(f"{path}: {size_bytes} bytes are more than the {MAX_FILE_BYTES} a network may have.")
    with path.open("rb") as file:
        proto = ProtobufFile(file, size_bytes)
        try:
            _walk(proto, proto.whole, onnx.ModelProto.DESCRIPTOR, MAX_DEPTH)
        except ConvertError as error:
            raise CheckpointRefused(f"{path} is not an ONNX file, or is damaged. {error.message}", error.remedy) from error


def _walk(proto: ProtobufFile, message: FieldSpan, kind: Descriptor, depth: int) -> None:
    """Go through all fields of a message and of those within it; `proto` counts them."""
    if not depth:
        raise ConvertError(f"Byte {message.start}: more than {MAX_DEPTH} messages within one another.", "No network has as many.")
    for each in proto.fields(message):
        inner = kind.fields_by_number.get(each.number)
        if inner is not None and inner.message_type is not None:
            _walk(proto, each, inner.message_type, depth - 1)
