"""ATC takes an AIR or an ONNX of one fixed image size, under a plain name."""

from pathlib import Path

import pytest
from onnx import TensorProto

from convert.atc.atc_source import ImageInput, read_source
from convert.conversion_errors import AtcFailed
from tests.convert.atc.atc_made import plain_network
from tests.convert.atc.standin_atc import om_file


def test_the_input_of_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(plain_network().SerializeToString())
    assert read_source(path) == ImageInput("image", 32, 32)
    path.write_bytes(plain_network(batch=4).SerializeToString())
    assert read_source(path) == ImageInput("image", 32, 32, batch=4)


def test_parameters_may_be_inputs_too(tmp_path: Path) -> None:
    network = plain_network()
    network.graph.input.add(name="two")
    (tmp_path / "m.onnx").write_bytes(network.SerializeToString())
    assert read_source(tmp_path / "m.onnx") == ImageInput("image", 32, 32)


def test_an_air_has_its_shape_inside(tmp_path: Path) -> None:
    (tmp_path / "m.air").write_bytes(b"\x0a\x04main")
    assert read_source(tmp_path / "m.air") is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("m.mindir", b"x", "Lite converter"),
        ("m.pb", b"x", "TensorFlow"),
        ("m.prototxt", b"x", "Caffe"),
        ("m.om", om_file(b"x"), "already compiled"),
        ("m.ckpt", b"x", "neither an .air nor an .onnx"),
        ("m.air", b"", "is empty"),
        ("m.air", om_file(b"x"), "is an OM"),
        ("m.onnx", b"\xff\xff\xff", "not an ONNX file"),
        ("m.onnx", b"\x08\x07", "0 inputs"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AtcFailed, match=told):
        read_source(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AtcFailed, match="No such file"):
        read_source(tmp_path / "m.air")


def test_an_artifact_with_the_recipe_in_it_is_refused(tmp_path: Path) -> None:
    network = plain_network()
    network.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    (tmp_path / "m.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(AtcFailed, match="apply the recipe again"):
        read_source(tmp_path / "m.onnx")


def test_a_free_image_size_is_refused(tmp_path: Path) -> None:
    network = plain_network()
    network.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"
    (tmp_path / "m.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(AtcFailed, match="fixed H and W"):
        read_source(tmp_path / "m.onnx")


@pytest.mark.parametrize("name", ["a;b", "a b", "", 'a"', "a\n"])
def test_a_name_that_atc_would_take_apart_is_refused(tmp_path: Path, name: str) -> None:
    network = plain_network()
    network.graph.input[0].name = name
    (tmp_path / "m.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(AtcFailed, match="cannot take an input with the name"):
        read_source(tmp_path / "m.onnx")
