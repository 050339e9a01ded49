"""What an artifact says about itself: an ONNX file in its metadata and its graph, an OM in `X.om.json` beside it."""

import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.manifest import CPU
from models.onnx_fields import OnnxField, onnx_fields

FACTS = ("model", "version", "recipe_sha256", "batch_sizes", "precision")  # the metadata of an ONNX file, written with the recipe
MAX_PROVENANCE_BYTES = 1 << 20

# Numbers of fields in onnx.proto.
_GRAPH, _METADATA, _KEY, _VALUE = 7, 14, 1, 2
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_TENSOR_NAME, _RAW_DATA = 8, 9
_TO_DIMENSIONS = (2, 1, 2)  # ValueInfoProto.type, TypeProto.tensor_type, Tensor.shape
_DIMENSION, _DIMENSION_SIZE = 1, 1
_CROP = (b"recipe/crop_start", b"recipe/crop_end")


@dataclass(frozen=True)
class ArtifactFacts:
    """Empty or 0 where the artifact says nothing.

    `sha256` is that of the OM for which `X.om.json` was written; `declared` says that a person vouched for what an OM takes and gives.
    An ONNX file that says no precision is float32.
    """

    model: str = ""
    version: str = ""
    recipe_sha256: str = ""
    batch_sizes: tuple[int, ...] = ()
    classes: int = 0
    soc: str = CPU
    score_type: str = "logit"
    declared: bool = False
    sha256: str = ""
    precision: str = ""


def provenance_path(om: Path) -> Path:
    """The path of the file that says where an OM comes from."""
    return om.with_name(f"{om.name}.json")


def read_artifact_facts(path: Path) -> ArtifactFacts:
    """The facts of an ONNX file or an OM; none for a file that is damaged. Reads no weights. Raises OSError."""
    return _facts_of_onnx(path) if path.suffix == ".onnx" else _facts_of_om(provenance_path(path))


def network_size_px(path: Path) -> tuple[int, int] | None:
    """(width, height) of the network behind the recipe of an ONNX artifact; None if the file does not say it. Raises OSError."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            graph = next(each for each in onnx_fields(data, 0, len(data)) if each.number == _GRAPH)
            crop = dict(_crop(data, graph))
            if len(crop) == len(_CROP):
                height, width = (end - start for start, end in zip(*(crop[name] for name in _CROP), strict=True))
            else:
                _, height, width, _ = next(_shapes(data, graph, _INPUT))
            return (width, height) if min(width, height) > 0 else None
    except (IndexError, KeyError, ValueError, StopIteration):
        return None


def _facts_of_onnx(path: Path) -> ArtifactFacts:
    if not path.stat().st_size:
        return ArtifactFacts()
    metadata: dict[str, str] = {}
    batch = classes = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            for each in onnx_fields(data, 0, len(data)):
                if each.number == _METADATA:
                    pair = {part.number: data[part.start : part.end].decode("utf-8", "replace") for part in _within(data, each)}
                    metadata[pair.get(_KEY, "")] = pair.get(_VALUE, "")
                elif each.number == _GRAPH:
                    batch = next((shape[0] for shape in _shapes(data, each, _INPUT) if shape), 0)
                    classes = next((shape[1] for shape in _shapes(data, each, _OUTPUT) if len(shape) == 2), 0)
        except (IndexError, KeyError):  # not protobuf: what loads the file says so
            return ArtifactFacts()
    model, version, recipe, sizes, precision = (metadata.get(name, "") for name in FACTS)
    return ArtifactFacts(model, version, recipe, (batch,) if batch else _sizes(sizes.split(",")), classes, precision=precision or "f32")


def _within(data: mmap.mmap, field: OnnxField) -> Iterator[OnnxField]:
    return onnx_fields(data, field.start, field.end)


def _shapes(data: mmap.mmap, graph: OnnxField, number: int) -> Iterator[list[int]]:
    """The shapes of the graph's inputs or outputs; 0 is a free dimension."""
    for value in _within(data, graph):
        if value.number != number:
            continue
        found = [value]
        for step in _TO_DIMENSIONS:
            found = [each for message in found for each in _within(data, message) if each.number == step]
        yield [
            next((part.value for part in _within(data, dimension) if part.number == _DIMENSION_SIZE), 0)
            for shape in found
            for dimension in _within(data, shape)
            if dimension.number == _DIMENSION
        ]


def _crop(data: mmap.mmap, graph: OnnxField) -> Iterator[tuple[bytes, list[int]]]:
    """The constants of a folded crop by name, (height, width) each; `fold` writes them as little-endian int64."""
    for tensor in _within(data, graph):
        if tensor.number == _INITIALIZER:
            parts = {part.number: data[part.start : part.end] for part in _within(data, tensor) if part.number in (_TENSOR_NAME, _RAW_DATA)}
            if (name := parts.get(_TENSOR_NAME, b"")) in _CROP:
                raw = parts[_RAW_DATA]
                yield name, [int.from_bytes(raw[at : at + 8], "little", signed=True) for at in range(0, len(raw), 8)]


def _facts_of_om(path: Path) -> ArtifactFacts:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(MAX_PROVENANCE_BYTES))
    except (FileNotFoundError, ValueError, RecursionError):
        content = None
    told = content if isinstance(content, dict) else {}
    model, version, recipe, soc, sha256 = (_text(told.get(key)) for key in ("model", "version", "recipe_sha256", "soc", "om_sha256"))
    sizes, classes = told.get("batch_sizes"), told.get("classes")
    return ArtifactFacts(
        model,
        version,
        recipe,
        _sizes(sizes if isinstance(sizes, list) else []),
        classes if isinstance(classes, int) else 0,
        soc,
        _text(told.get("score_type", "logit")),
        declared=told.get("declared") is True,
        sha256=sha256,
        precision=_text(told.get("precision")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _sizes(listed: list[Any]) -> tuple[int, ...]:
    words = [str(size) for size in listed]
    return tuple(int(size) for size in words if size.isascii() and size.isdecimal() and len(size) < 6 and int(size))
