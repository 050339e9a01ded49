"""Reads checkpoints of every supported format, without the framework that wrote them and without trust in their content."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.mindspore_ckpt import read_mindspore_ckpt
from convert.checkpoints.parameters import Selected
from convert.checkpoints.safetensors import read_safetensors
from convert.checkpoints.torch_legacy import MAGIC, read_torch_legacy
from convert.checkpoints.torch_zip import read_torch_zip
from convert.checkpoints.weight_file import WeightFile, open_source
from convert.conversion_errors import CheckpointRefused


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a checkpoint by parameter name, contiguous, in the type they were saved in (bfloat16 as float32).

    `left_out` names the other content of the file (an optimiser's state, step counters). `told` are lines that say what was chosen,
    `architecture` is the network's name, if the file says it.
    """

    format: str
    tensors: dict[str, np.ndarray] = field(repr=False)
    left_out: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    read: Callable[[WeightFile], Selected[np.ndarray]]
    remedy: str


_SAVE_AGAIN = "Save the bare parameters: torch.save(model.state_dict(), path)."
_TORCH_ZIP = _Format("torch zip", read_torch_zip, _SAVE_AGAIN)
_TORCH_LEGACY = _Format("torch legacy", read_torch_legacy, _SAVE_AGAIN)
_SAFETENSORS = _Format("safetensors", read_safetensors, "Save it again with safetensors.torch.save_file(model.state_dict(), path).")
_MINDSPORE = _Format("MindSpore", read_mindspore_ckpt, "Save it again with mindspore.save_checkpoint(network, path).")
_KNOWN = "Known are ONNX, PyTorch's .pth (zip and legacy), .safetensors and MindSpore's .ckpt, told apart by their bytes."

_HEAD_BYTES = 262  # to the end of a tar's mark
_ENCRYPTED = b"\xd8\x5e\x3a\x7f"  # the beginning of a file by save_checkpoint(..., enc_key=...)
_GZIP = b"\x1f\x8b"


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint at `path`; its bytes show its format. Raises CheckpointRefused, with the place in the file."""
    remedy = _KNOWN
    try:
        with open_source(path) as file:
            kind = _format(file.read(0, min(file.size_bytes, _HEAD_BYTES)))
            remedy = kind.remedy
            found = kind.read(file)
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror}.") from error
    except ValueError as error:
        raise CheckpointRefused(f"{path}: {error}.", remedy) from error
    return Checkpoint(kind.name, found.tensors, found.left_out, found.told, found.architecture)


def _format(head: bytes) -> _Format:
    if head[8:9] == b"{":  # tested first, because the length before it may look like another format
        return _SAFETENSORS
    if head.startswith(b"PK\x03\x04"):
        return _TORCH_ZIP
    if head.startswith(MAGIC):
        return _TORCH_LEGACY
    if head.startswith(b"\x0a"):  # field 1, bytes
        return _MINDSPORE
    if head.startswith(b"\x80"):
        raise Malformed("this is a pickle, but not a checkpoint that torch wrote; pickles are never run")
    if head.startswith(_ENCRYPTED):
        raise Malformed("this is a checkpoint of MindSpore that is encrypted")
    if head.startswith(_GZIP):
        raise Malformed("this is a gzip archive; unpack it with gunzip and import what is in it")
    if head[257:] == b"ustar":
        raise Malformed("this is a tar archive; unpack it with tar -xf and import what is in it")
    raise Malformed("this is not a checkpoint of a known format")
