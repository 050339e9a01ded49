"""Networks of other formats than ONNX, known by their bytes or names, and the line that makes an ONNX file of each."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from convert.conversion_errors import CheckpointRefused

_TF2ONNX = "python -m tf2onnx.convert"
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class ForeignNetwork:
    """A format: its name, and the command that exports it, where FILE stands for the file and OUT for the ONNX file."""

    name: str
    command: str


_TFLITE = ForeignNetwork("a network of TensorFlow Lite", f"{_TF2ONNX} --tflite FILE --output OUT --opset 17")
_SAVED = ForeignNetwork("a SavedModel of TensorFlow", f"{_TF2ONNX} --saved-model FILE --output OUT --opset 17")
_FROZEN = ForeignNetwork(
    "a frozen graph of TensorFlow", f"{_TF2ONNX} --graphdef FILE --inputs input:0 --outputs logits:0 --output OUT --opset 17"
)
_KERAS = ForeignNetwork(
    "a network of Keras",
    "python -c \"import sys, keras; keras.saving.load_model(sys.argv[1]).export(sys.argv[2], format='onnx')\" FILE OUT",
)
_MINDIR = ForeignNetwork(
    "a network of MindSpore (MindIR)",
    'python -c "import sys, numpy, mindspore as ms; ms.export(ms.nn.GraphCell(ms.load(sys.argv[1])), '
    "ms.Tensor(numpy.zeros((1, 3, 224, 224), 'float32')), file_name=sys.argv[2], file_format='ONNX')\" FILE OUT",
)
_PADDLE = ForeignNetwork(
    "a network of PaddlePaddle",
    "paddle2onnx --model_dir FOLDER --model_filename FILE --params_filename inference.pdiparams --save_file OUT --opset_version 17",
)
# OpenVINO has no way back to ONNX.
_IR = ForeignNetwork("a network of OpenVINO (IR)", "")
_COMPILED = ForeignNetwork("a network compiled for one kind of device", "")

_BY_SUFFIX = {
    ".tflite": _TFLITE,
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pb": _FROZEN,
    ".mindir": _MINDIR,
    ".pdmodel": _PADDLE,
    ".xml": _IR,
    ".engine": _COMPILED,
    ".plan": _COMPILED,
    ".om": _COMPILED,
}
_FROM_THE_SOURCE = "Import the ONNX file from which it was made, or export the network again: torch.onnx.export(model, image, 'net.onnx')."


def foreign_format(path: Path) -> ForeignNetwork | None:
    """The other format of a file or folder, or None; raises OSError."""
    if path.is_dir():
        return _SAVED if (path / "saved_model.pb").is_file() else None
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[4:8] == b"TFL3":
        return _TFLITE
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _KERAS
    if head.lstrip().startswith(b"<?xml") or head.lstrip().startswith(b"<net"):
        return _IR
    return _BY_SUFFIX.get(path.suffix.lower())


def refuse_foreign(path: Path) -> None:
    """Raise CheckpointRefused for a network of another format, with the line that makes an ONNX file of it."""
    try:
        found = foreign_format(path)
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror}.") from error
    if found is None:
        return
    remedy = _FROM_THE_SOURCE
    if found.command:
        words = {"FILE": path, "OUT": path.with_suffix(".onnx"), "FOLDER": path.parent}
        line = " ".join(shlex.quote(str(words[word])) if word in words else word for word in found.command.split(" "))
        remedy = f"Make an ONNX file of it where its framework is installed, and import that: {line}"
    raise CheckpointRefused(f"{path} is {found.name}, which is not read here.", remedy)
