"""Finds the kind of a file from its first bytes."""

import re
from pathlib import Path
from typing import Literal

from convert.conversion_errors import ConvertError

Kind = Literal["om", "onnx", "checkpoint", "aipp", "pipeline", "manifest", "provenance"]

HEAD_BYTES = 65_536
_COMMENT = re.compile(r"#[^\n]*|\s+")


def kind_of(path: Path) -> Kind:
    """The kind of the file; raises ConvertError for an unknown one."""
    if not path.is_file():  # to open a FIFO would block until another process writes
        raise ConvertError(f"{path} is not a file.", "Name a file, a model's folder or a model.")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise ConvertError(f"{path}: {error.strerror}.", "Make sure that it is readable.") from error
    if kind := _binary(head) or _text(head):
        return kind
    raise ConvertError(
        f"The kind of {path} is unknown.", "Known kinds are OM, ONNX, checkpoints, aipp.config, pipelines, manifests and their folders."
    )


def _binary(head: bytes) -> Kind | None:
    if head.startswith(b"IMOD"):
        return "om"
    zip_or_pickle = head.startswith((b"PK\x03\x04", b"\x80\x02"))
    safetensors = head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 27
    if head.startswith(b"\x08") and not safetensors:  # ir_version, the first field; or the low byte of safetensors' length
        return "onnx"
    mindspore = head.startswith(b"\x0a") and b"\x0a" in head[1:12] and b"\x00" in head
    return "checkpoint" if zip_or_pickle or safetensors or mindspore else None


def _text(head: bytes) -> Kind | None:
    text = _COMMENT.sub(" ", head.decode("utf-8", "ignore")).lstrip()
    if b"\0" in head:
        return None
    if text.startswith("aipp_op"):
        return "aipp"
    if text.startswith("{"):
        return "provenance" if '"om_sha256"' in text else "pipeline"
    return "manifest" if "schema_version" in text or "[recipe]" in text else None
