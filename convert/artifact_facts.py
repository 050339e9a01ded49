"""The metadata of an ONNX artifact."""

from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from convert.conversion_errors import ConvertError


@dataclass(frozen=True)
class ArtifactFacts:
    """The model and the recipe of an artifact, empty if unknown; and its allowed batch sizes."""

    model: str = ""
    recipe_sha256: str = ""
    batch_sizes: tuple[int, ...] = (1,)


def read_artifact_facts(path: Path) -> ArtifactFacts:
    """The facts of an ONNX file; raises ConvertError if it is not one."""
    try:
        artifact = onnx.load(path, load_external_data=False)
    except (OSError, DecodeError) as error:
        raise ConvertError(f"{path} cannot be read as ONNX: {error}.") from error
    facts = {fact.key: fact.value for fact in artifact.metadata_props}
    sizes = facts.get("batch_sizes", "").split(",")
    batch_sizes = tuple(int(size) for size in sizes if size.isascii() and size.isdecimal() and len(size) < 6 and int(size))
    return ArtifactFacts(facts.get("model", ""), facts.get("recipe_sha256", ""), batch_sizes or (1,))
