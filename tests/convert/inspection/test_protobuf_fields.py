import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.inspection import protobuf_fields
from convert.inspection.protobuf_fields import FieldSpan, ProtobufFile


def opened(content: bytes) -> ProtobufFile:
    return ProtobufFile(io.BytesIO(content), len(content))


def test_the_fields_of_every_wire_type() -> None:
    proto = opened(b"\x08\x96\x01" + b"\x12\x07testing" + b"\x1d\0\0\0\0" + b"\x21" + b"\0" * 8)
    varint, text, fixed32, fixed64 = proto.fields(proto.whole)
    assert (varint.number, varint.value, varint.size) == (1, 150, 0)
    assert (text.number, proto.text(text)) == (2, "testing")
    assert (fixed32.number, fixed32.size, fixed64.number, fixed64.size) == (3, 4, 4, 8)


def test_numbers_come_alone_or_packed() -> None:
    proto = opened(b"\x08\x07" + b"\x0a\x03\x01\xac\x02")
    alone, packed = proto.fields(proto.whole)
    assert (proto.numbers(alone), proto.numbers(packed)) == ([7], [1, 300])


@pytest.mark.parametrize("content", [b"\x12\x07test", b"\x08", b"\x08" + b"\xff" * 10, b"\x0b", b"\x02\x00", b"\x1d\0", b"\x00\x00"])
def test_what_is_no_protobuf(content: bytes) -> None:
    proto = opened(content)
    with pytest.raises(ConvertError, match="Byte"):
        list(proto.fields(proto.whole))


def test_fields_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf_fields, "MAX_FIELDS", 100)
    proto = opened(b"\x0a\x00" * 101)
    with pytest.raises(ConvertError, match="more than 100 fields"):
        list(proto.fields(proto.whole))


def test_long_texts_are_refused() -> None:
    proto = opened(b"\x0a\x88\x27" + b"a" * 5000)
    (field,) = proto.fields(proto.whole)
    for read in (proto.text, proto.numbers):
        with pytest.raises(ConvertError, match="5000 bytes"):
            read(field)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    proto = opened(content)

    def walk(message: FieldSpan, depth: int) -> None:
        for field in proto.fields(message):
            assert message.start <= field.start <= field.end <= message.end
            proto.text(field)
            if depth:
                walk(field, depth - 1)

    try:
        walk(proto.whole, 3)
    except ConvertError as refusal:
        assert refusal.message  # noqa: PT017 - being refused is one of two good ends
