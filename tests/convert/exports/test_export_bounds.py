import time
import tracemalloc
from pathlib import Path

import onnx
import pytest

from convert.conversion_errors import CheckpointRefused
from convert.exports.export_bounds import check_bounds
from convert.exports.export_file import export_sha256, read_export
from convert.networks.architectures import build_network, random_weights
from tests.convert.exports.exports_made import Export


def nested(depth: int) -> bytes:
    """Attributes that hold graphs, within one another."""
    content = b""
    for number in range(depth):
        key = (b"\x32", b"\x2a", b"\x0a")[number % 3]  # AttributeProto.g, NodeProto.attribute, GraphProto.node
        size = len(content)
        content = key + bytes([size & 0x7F | 0x80, size >> 7]) + content
    return b"\x08\x08\x3a" + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x08\x08" + b"\x3a\x80\xad\xe2\x04" + b"\x0a\x00" * 5_000_000, "more than 500000 fields"),
        (b"\x08\x08" + b"\x3a\x00" * 600_000, "more than 500000 fields"),
        (b"\x08\x08" + b"\x08" + b"\xff" * 2_000_000, "a number without an end"),
        (nested(300), "more than 100 messages within one another"),
        (b"\x08\x08\x3a\x7f", "only 0 are left"),
    ],
)
def test_a_hostile_file_costs_neither_memory_nor_time(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    for read in (export_sha256, read_export):
        tracemalloc.start()
        since = time.process_time()
        with pytest.raises(CheckpointRefused, match=f"net.onnx is not an ONNX file, or is damaged.*{message}"):
            read(path)
        spent_s, peak = time.process_time() - since, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 20
        assert spent_s < 30  # with tracemalloc; 1 s without


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate((1 << 30) + 1)  # a hole, which takes no space
    with pytest.raises(CheckpointRefused, match="are more than the 1073741824"):
        check_bounds(tmp_path / "net.onnx")


def test_networks_are_far_below_the_bounds(tmp_path: Path) -> None:
    """A network of 8,000 nodes, with the shape of each value."""
    export = Export().model()
    check_bounds(Export().write(tmp_path / "small.onnx", beside=True))
    for number in range(8000):
        export.graph.node.append(onnx.helper.make_node("Conv", ["a", "b", "c"], [f"v{number}"], f"n{number}", pads=[1, 1, 1, 1]))
        export.graph.value_info.append(onnx.helper.make_tensor_value_info(f"v{number}", 1, ["N", 3, 224, 224]))
    (tmp_path / "large.onnx").write_bytes(export.SerializeToString())
    check_bounds(tmp_path / "large.onnx")
    deep = build_network("resnext152_1x4d", random_weights("resnext152_1x4d", 10, 0), 10)
    (tmp_path / "deep.onnx").write_bytes(deep.SerializeToString())
    check_bounds(tmp_path / "deep.onnx")
