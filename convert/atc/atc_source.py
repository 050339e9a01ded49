"""The input of ATC: an AIR, or an ONNX network with one image input."""

from dataclasses import dataclass
from pathlib import Path

from convert.atc.om import MAGIC
from convert.conversion_errors import AtcFailed

MAX_ONNX_BYTES = 2**31 - 1  # protobuf's limit, and therefore ONNX's
_ELSEWHERE = {
    ".mindir": "ATC does not read MindIR: export an ONNX or an AIR, or use the MindSpore Lite converter (converter_lite).",
    ".om": "This file is already compiled. The arguments are: SOURCE (.air or .onnx), AIPP config, OM.",
    ".pb": "TensorFlow networks are not supported here: export an ONNX.",
    ".prototxt": "Caffe networks are not supported here: export an ONNX.",
}


@dataclass(frozen=True)
class ImageInput:
    """The input of an ONNX network: float32 [batch, 3, height, width]; `batch` is None if it is free."""

    name: str
    width_px: int
    height_px: int
    batch: int | None = None


def read_source(path: Path) -> ImageInput | None:
    """The image input of an ONNX file, or None for an AIR, whose shape was fixed at its export.

    Raises AtcFailed for anything else.
    """
    if path.suffix in _ELSEWHERE:
        raise AtcFailed(f"{path} cannot be compiled.", _ELSEWHERE[path.suffix])
    if path.suffix not in (".air", ".onnx"):
        raise AtcFailed(f"{path} is neither an .air nor an .onnx file.", "ATC recognises its input by this suffix.")
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
        size = path.stat().st_size
    except OSError as error:
        raise AtcFailed(f"{path} cannot be read: {error.strerror}.", "Name an existing .air or .onnx file.") from error
    if not start or start == MAGIC:
        raise AtcFailed(f"{path} is {'an OM' if start else 'empty'}.", "Name the network to compile.")
    return _onnx_input(path, size) if path.suffix == ".onnx" else None


def _onnx_input(path: Path, size: int) -> ImageInput:
    import onnx
    from google.protobuf.message import DecodeError

    if size > MAX_ONNX_BYTES:
        raise AtcFailed(f"{path} has {size} bytes.", "An ONNX file has less than 2 GiB.")
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (DecodeError, OSError) as error:
        raise AtcFailed(f"{path} is not an ONNX file: {error}.", "Export it again.") from error
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise AtcFailed(
            f"{path} has {len(inputs)} inputs: {', '.join(value.name for value in inputs) or 'none'}.", "One image is expected."
        )
    kind = inputs[0].type.tensor_type
    sides = [dim.dim_value for dim in kind.shape.dim]  # 0 if a dimension is free
    name = inputs[0].name
    if kind.elem_type == onnx.TensorProto.UINT8:
        raise AtcFailed(
            f"{path} takes uint8 pixels: its recipe is folded in, and AIPP would apply the recipe again.",
            "For a model of the store: ascend-classify convert atc NAME, which derives the plain network.",
        )
    if kind.elem_type != onnx.TensorProto.FLOAT or len(sides) != 4 or sides[1] != 3 or min(sides[2:]) < 1:
        raise AtcFailed(
            f"The input {name!r} of {path} is not float32 [N, 3, H, W] with fixed H and W.", "Export it with a fixed image size."
        )
    if not name.isprintable() or not name or set(name) & set("; \"'"):  # ATC's syntax is "name:shape;name:shape"
        raise AtcFailed(
            f"ATC cannot take an input with the name {name!r}.", "Export the network with another name for its input, for example image."
        )
    return ImageInput(name, width_px=sides[3], height_px=sides[2], batch=sides[0] or None)
