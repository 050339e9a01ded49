"""Checkpoints as torch.save writes them, with what a trainer puts beside the weights, and weights to put into them."""

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convert.networks.architectures import parameter_shapes

_HEADER = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}))
_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
_KINDS = {"f2": b"Half", "f4": b"Float", "f8": b"Double", "i8": b"Long"}


def write_torch_legacy(path: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """A state dict of these tensors, each in a storage of its own."""
    items = b"".join(_bare(name) + _tensor(name, array) for name, array in tensors.items())
    with path.open("wb") as file:
        file.write(_HEADER + b"\x80\x02" + _ORDERED_DICT + b"(" + items + b"u." + pickle.dumps(list(tensors), 2))
        for array in tensors.values():
            file.write(struct.pack("<q", array.size) + array.tobytes())
    return path


class TorchZip:
    """A checkpoint of the zip format: `state_dict` and `opcodes` give the pieces of its pickle, `write` the file."""

    def __init__(self) -> None:
        self.storages: list[bytes] = []

    def tensor(self, array: np.ndarray, rebuild: bytes = b"torch._utils\n_rebuild_tensor_v2", *more: object) -> bytes:
        """The opcodes of a tensor, whose elements lie in a storage of their own."""
        self.storages.append(np.ascontiguousarray(array).tobytes())
        return _tensor(str(len(self.storages) - 1), array, rebuild, b"".join(_bare(value) for value in more), legacy=False)

    def state_dict(self, tensors: Mapping[str, np.ndarray], rebuild: bytes = b"torch._utils\n_rebuild_tensor_v2", *more: object) -> bytes:
        """The opcodes of an OrderedDict of these tensors."""
        return _ORDERED_DICT + b"(" + b"".join(_bare(name) + self.tensor(array, rebuild, *more) for name, array in tensors.items()) + b"u"

    def write(self, path: Path, pickled: bytes) -> Path:
        """The file with this pickle."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
            file.writestr("archive/data.pkl", b"\x80\x02" + pickled + b".")
            file.writestr("archive/byteorder", "little")
            for number, content in enumerate(self.storages):
                file.writestr(f"archive/data/{number}", content)
            file.writestr("archive/version", "3\n")
        return path


def opcodes(value: object) -> bytes:
    """The opcodes of a value; of a dict those of its values, where a value in bytes is opcodes already."""
    if not isinstance(value, dict):
        return value if isinstance(value, bytes) else _bare(value)
    return b"}(" + b"".join(_bare(key) + opcodes(inner) for key, inner in value.items()) + b"u"


def trained_weights(architecture: str, classes: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights with statistics that training could have left: no variance is 1, no mean is 0."""
    generator = np.random.default_rng(seed)
    weights = {}
    for name, shape in parameter_shapes(architecture, classes).items():
        noise = generator.standard_normal(shape, np.float32)
        scale = np.float32((2 / max(int(np.prod(shape[1:])), 1)) ** 0.5) if len(shape) > 1 else np.float32(0.1)
        weights[name] = noise * scale + np.float32(name.endswith((".running_var", ".weight")) and len(shape) == 1)
        if name.endswith(".running_var"):
            weights[name] = np.abs(weights[name]) + np.float32(0.1)
    return weights


def _bare(value: object) -> bytes:
    """The opcodes of a value, without the frame of a pickle."""
    return pickle.dumps(value, 2)[2:-1]


def _tensor(
    key: str, array: np.ndarray, rebuild: bytes = b"torch._utils\n_rebuild_tensor_v2", more: bytes = b"", *, legacy: bool = True
) -> bytes:
    kind = _KINDS[array.dtype.str[1:]]
    strides = tuple(step // array.itemsize for step in np.ascontiguousarray(array).strides) if array.ndim else ()
    view = b"N" if legacy else b""
    storage = b"(" + _bare("storage") + b"ctorch\n%sStorage\n" % kind + _bare(key) + _bare("cpu") + _bare(array.size) + view + b"tQ"
    return b"c" + rebuild + b"\n(" + storage + _bare(0) + _bare(array.shape) + _bare(strides) + b"\x89" + _ORDERED_DICT + more + b"tR"
