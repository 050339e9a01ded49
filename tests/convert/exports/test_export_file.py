import os
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.export_file import export_sha256, read_export
from convert.networks.plain_network import opset_of
from models.store import sha256_of
from tests.convert.exports.exports_made import Export, step


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "export").mkdir()
    return Export().write(tmp_path / "export/net.onnx", beside=True)


def place(path: Path, **entries: str) -> None:
    """Change where the first parameter lies."""
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        entry.value = entries.get(entry.key, entry.value)
    path.write_bytes(model.SerializeToString())


def test_weights_beside_are_the_same(path: Path, tmp_path: Path) -> None:
    whole = read_export(Export().write(tmp_path / "whole.onnx"))
    beside = read_export(path)
    assert [numpy_helper.to_array(tensor).tobytes() for tensor in beside.graph.initializer] == [
        numpy_helper.to_array(tensor).tobytes() for tensor in whole.graph.initializer
    ]
    assert not any(tensor.external_data for tensor in beside.graph.initializer)


def test_the_sha256_covers_all_files(path: Path, tmp_path: Path) -> None:
    whole = Export().write(tmp_path / "whole.onnx")
    assert export_sha256(whole) == sha256_of(whole)
    before = export_sha256(path)
    assert before != sha256_of(path)
    data = path.with_name("net.onnx.data")
    data.write_bytes(data.read_bytes()[:-1] + b"\x00")
    assert export_sha256(path) != before


@pytest.mark.parametrize("name", ["../net.onnx.data", "/etc/hostname", "link", "", ".", "a\x00b", "under/../../net.onnx.data"])
def test_nothing_outside_the_folder_is_read(path: Path, name: str) -> None:
    data = path.with_name("net.onnx.data")
    outside = data.rename(path.parent.parent / data.name)
    path.with_name("link").symlink_to(outside)
    place(path, location=name)
    for read in (read_export, export_sha256):
        if (name, read) != ("a\x00b", export_sha256):
            with pytest.raises(CheckpointRefused, match="not a file of its folder"):
                read(path)


def test_a_link_within_the_folder(path: Path) -> None:
    data = path.with_name("net.onnx.data")
    (path.parent / "blobs").mkdir()
    data.symlink_to(data.rename(path.parent / "blobs" / "1"))
    assert read_export(path)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"length": "863"}, r"kernel has 863 bytes there, and \[8, 3, 3, 3\] are 864"),
        ({"offset": "99999999"}, "truncated"),
        ({"offset": "-1"}, "'-1' is not a number of bytes"),
        ({"length": "9" * 30}, "is not a number of bytes"),
        ({"location": "missing.data"}, "No such file.*Put that file beside it"),
    ],
)
def test_places_that_do_not_fit(path: Path, entries: dict[str, str], message: str) -> None:
    place(path, **entries)
    with pytest.raises(CheckpointRefused, match=message):
        read_export(path)


def test_a_fifo_beside(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    place(path, location="fifo")
    with pytest.raises(CheckpointRefused, match="this is not a file"):
        read_export(path)


def test_many_tensors_of_one_large_file_are_bounded(path: Path) -> None:
    """A few bytes in the ONNX file claim the same gigabyte again and again."""
    with path.with_name("net.onnx.data").open("r+b") as data:
        data.truncate(600 << 20)  # a hole, which takes no space
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        tensor.dims[:] = [150 << 20]
        tensor.raw_data = b"any"
        onnx.external_data_helper.set_external_data(tensor, "net.onnx.data", 0, 600 << 20)
        tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointRefused, match="more than the 1073741824 bytes"):
        read_export(path)


@pytest.mark.parametrize(("opset", "ir", "found"), [(9, 4, 11), (11, 6, 11), (13, 7, 13), (25, 13, 25)])
def test_old_opsets_are_renewed(tmp_path: Path, opset: int, ir: int, found: int) -> None:
    assert opset_of(read_export(Export(opset=opset, ir=ir).write(tmp_path / "net.onnx"))) == found


def test_functions_are_written_out(tmp_path: Path) -> None:
    model = Export(after=(step("Neg"),)).model()
    twice = [helper.make_node("Add", ["a", "a"], ["b"])]
    model.functions.append(helper.make_function("mine", "Twice", ["a"], ["b"], twice, [helper.make_opsetid("", 17)]))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[-1].CopyFrom(helper.make_node("Twice", ["logits"], [model.graph.output[0].name], domain="mine"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    read = read_export(tmp_path / "net.onnx")
    assert [node.op_type for node in read.graph.node][-1] == "Add"
    assert (list(read.functions), [opset.domain for opset in read.opset_import]) == ([], [""])


def test_operators_of_others(tmp_path: Path) -> None:
    model = Export(foreign=("com.microsoft",)).model()
    model.graph.node[0].domain = "com.microsoft"
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ConvertError, match=r"not ONNX's own: com\.microsoft\.Conv\. Give the file that was exported"):
        read_export(tmp_path / "net.onnx")


def test_a_branch(tmp_path: Path) -> None:
    model = Export().model()
    branch = helper.make_graph([], "b", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, None)])
    model.graph.node.append(helper.make_node("If", ["bias"], ["d"], then_branch=branch, else_branch=branch))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ConvertError, match="branches or loops"):
        read_export(tmp_path / "net.onnx")


@pytest.mark.parametrize("opset", [9, 17])
def test_damaged_files_are_read_or_refused(tmp_path: Path, opset: int) -> None:
    whole, chance = Export(opset=opset, ir=4).model().SerializeToString(), random.Random(0)  # noqa: S311 seeded
    weights = np.random.default_rng(0).normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32).tobytes()
    assert weights in whole
    for _ in range(1000):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3))):
            spot = chance.randrange(len(damaged))
            damaged[spot : spot + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        (tmp_path / "damaged.onnx").write_bytes(damaged)
        try:
            assert opset_of(read_export(tmp_path / "damaged.onnx")) >= 11
        except ConvertError:
            continue


def test_no_file(tmp_path: Path) -> None:
    for read in (read_export, export_sha256):
        with pytest.raises(CheckpointRefused, match="No such file"):
            read(tmp_path / "missing.onnx")
