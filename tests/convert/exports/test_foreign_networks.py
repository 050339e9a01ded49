import shlex
from pathlib import Path

import pytest

from convert.conversion_errors import CheckpointRefused
from convert.exports.foreign_networks import foreign_format, refuse_foreign
from convert.import_checkpoint import Wishes, import_checkpoint
from models.store import ModelStore


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "net.tflite",
            b"\x1c\x00\x00\x00TFL3" + bytes(40),
            r"TensorFlow Lite.*: python -m tf2onnx\.convert --tflite '.*net\.tflite' --output",
        ),
        ("net.bin", b"\x1c\x00\x00\x00TFL3" + bytes(40), "TensorFlow Lite"),
        ("net.h5", b"\x89HDF\r\n\x1a\n" + bytes(40), "Keras.*python -c"),
        ("net.keras", b"PK\x03\x04" + bytes(40), "Keras.*python -c"),
        ("net.pb", b"\x0a\x10" + bytes(40), "frozen graph of TensorFlow.*--graphdef"),
        ("net.xml", b'<?xml version="1.0"?>\n<net name="a" version="11">', r"OpenVINO \(IR\).*Import the ONNX file from which it was made"),
        ("net.mindir", b"\x0a\x05" + bytes(40), "MindIR.*file_format='ONNX'"),
        ("inference.pdmodel", b"\x0a\x05" + bytes(40), "PaddlePaddle.*paddle2onnx"),
        ("net.engine", b"ftrt" + bytes(40), "compiled for one kind of device"),
    ],
)
def test_the_line_that_exports_it_is_printed(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / "my networks" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CheckpointRefused, match=message) as refused:
        import_checkpoint(path, ModelStore(tmp_path / "store"), Wishes(), progress=lambda _line: None)
    assert not (tmp_path / "store").exists()
    line = str(refused.value).partition("import that: ")[2]
    if line:
        words = shlex.split(line)
        assert words[0] in ("python", "paddle2onnx")
        assert {str(path), str(path.with_suffix(".onnx"))} & set(words)
        if words[1] == "-c":
            compile(words[2], "printed", "exec")


def test_a_saved_model_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(CheckpointRefused, match=r"SavedModel.*--saved-model .* --opset 17"):
        refuse_foreign(tmp_path)


def test_others_are_left_to_their_readers(tmp_path: Path) -> None:
    for name in ("net.onnx", "net.pth", "net.ckpt", "net.safetensors"):
        (tmp_path / name).write_bytes(b"\x08\x08" + bytes(40))
        assert foreign_format(tmp_path / name) is None
    assert (foreign_format(tmp_path), foreign_format(tmp_path / "missing")) == (None, None)
