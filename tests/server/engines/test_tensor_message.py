"""The reader of tensors, held against protobuf's own."""

from contextlib import suppress

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from server.engines.tensor_message import NotATensor, Tensor, read_tensor

INT32 = st.integers(-(2**31), 2**31 - 1)
TENSORS = st.builds(
    proto.MxpiTensor,
    tensorDataPtr=st.integers(0, 2**64 - 1),
    tensorDataSize=INT32,
    deviceId=st.integers(0, 2**32 - 1),
    memType=st.integers(0, 4),
    freeFunc=st.integers(0, 2**64 - 1),
    tensorShape=st.lists(INT32, max_size=16),
    dataStr=st.binary(max_size=300),
    tensorDataType=INT32,
)
PACKAGES = st.builds(
    proto.MxpiTensorPackage,
    headerVec=st.lists(st.builds(proto.MxpiMetaHeader, parentName=st.text(), memberId=INT32, dataSource=st.text()), max_size=3),
    tensorVec=st.lists(TENSORS, max_size=3),
)
MESSAGES = st.builds(proto.MxpiTensorPackageList, tensorPackageVec=st.lists(PACKAGES, max_size=3))
# A number of eight bytes, one of four, a text and a varint, in fields that no message here has.
UNKNOWN = st.sampled_from([b"\xa1\x06" + bytes(8), b"\xa5\x06" + bytes(4), b"\xaa\x06\x02ab", b"\xb0\x06\xff\x01"])


def first(message: proto.MxpiTensorPackageList) -> tuple[int, tuple[int, ...], bytes] | None:
    for package in message.tensorPackageVec[:1]:
        for tensor in package.tensorVec[:1]:
            return tensor.tensorDataType, tuple(tensor.tensorShape), tensor.dataStr
    return None


def plain(tensor: Tensor) -> tuple[int, tuple[int, ...], bytes]:
    return tensor.type, tensor.shape, bytes(tensor.data)


@given(MESSAGES, UNKNOWN)
def test_it_reads_what_protobuf_writes(message: proto.MxpiTensorPackageList, unknown: bytes) -> None:
    data = unknown + message.SerializeToString() + unknown
    wanted = first(message)
    if wanted is None:
        with pytest.raises(NotATensor):
            read_tensor(data)
    else:
        assert plain(read_tensor(data)) == wanted


@given(MESSAGES, st.data())
def test_a_message_that_is_cut_or_damaged_is_refused_or_read_as_protobuf_reads_it(
    message: proto.MxpiTensorPackageList, choice: st.DataObject
) -> None:
    data = bytearray(message.SerializeToString())
    if data:
        data[choice.draw(st.integers(0, len(data) - 1))] = choice.draw(st.integers(0, 255))
    cut = bytes(data[: choice.draw(st.integers(0, len(data)))])
    try:
        found = plain(read_tensor(cut))
    except NotATensor:
        return
    again = proto.MxpiTensorPackageList()
    try:
        again.ParseFromString(cut)
    except DecodeError:  # it may find damage beyond the first tensor
        return
    assert found == first(again)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(NotATensor):
        read_tensor(data)


def test_a_shape_of_the_old_kind_is_read() -> None:
    assert plain(read_tensor(b"\x0a\x08\x12\x06\x30\x01\x30\x02\x3a\x00")) == (0, (1, 2), b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a\xff\xff\xff\xff\x0f",  # 4 GiB that are not there
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\xff" * 20,
        b"\x0a\x04\x12\x02\x30",  # a length beyond its message
        b"\x0b\x0c",  # a group
        b"\x02\x00",  # field 0
        b"\x0a\x15\x12\x13\x32\x11" + bytes(17),  # 17 dimensions
    ],
)
def test_hostile_sizes_are_refused(data: bytes) -> None:
    with pytest.raises(NotATensor):
        read_tensor(data)
