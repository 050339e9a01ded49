"""What a message may hold is told from its bytes."""

import pytest

from server.errors import BadRequest
from server.grpc.open_inference_pb2 import ModelInferRequest
from server.grpc.wire_bounds import Wire, split_wire
from tests.server.grpc.served_grpc import infer_message


@pytest.mark.parametrize("raw", [True, False])
def test_images_may_be_long(raw: bool) -> None:
    message = infer_message(ModelInferRequest, [bytes(200_000)] * 32, raw=raw)
    found = split_wire(message.SerializeToString())
    assert [bytes(each) for each in found.raw] == list(message.raw_input_contents)
    message.ClearField("raw_input_contents")
    assert found.description == message.SerializeToString()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"\x2a\x00" * 5000, "more than 4096 fields"),
        (b"\x3a\x00" * 65, "more than 64 raw_input_contents"),
        (b"\x2a\x06\x2a\x04\x42\x00\x42\x00" * 2000, "more than 4096 fields"),
        (b"\x0a\xff\xff\x04" + bytes(81919), "81923 bytes beside its images"),
        (b"\x2a\xf0\xff\x04\x1a\xec\xff\x04" + bytes(81900), "beside its images"),
        (b"\x0a\x05abc", "5 bytes at byte 2, beyond the end at 5"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "beyond the end"),
        (b"\xff" * 11, "a number has no end"),
        (b"\x08", "a number has no end"),
        (b"\x0b", "unknown kind 3"),
        (b"\x0d\x00", "beyond the end"),
    ],
)
def test_what_is_refused(message: bytes, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        split_wire(message)


def test_other_fields_pass() -> None:
    others = b"\x7d\0\0\0\0" + b"\x79" + bytes(8) + b"\x78\x01" + b"\x7a\x03abc"
    assert split_wire(others + b"\x3a\x01x" + others + b"\x3a\0") == Wire(2 * others, [memoryview(b"x"), memoryview(b"")])
    assert split_wire(b"") == Wire(b"", [])
