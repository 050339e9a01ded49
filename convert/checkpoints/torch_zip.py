"""Reads a PyTorch checkpoint of the zip format (torch 1.6 and later) without torch, and without trusting a byte of it.

The archive has one folder: `data.pkl` is the pickle of what was saved, `data/<key>` are the storages' elements, `byteorder`
(since torch 2.1) says which way round.
"""

import numpy as np

from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import LeftOut, state_dict_of
from convert.checkpoints.pickle_machine import PickledTensor, Storage, run_pickle
from convert.checkpoints.torch_storages import check_size, load_tensors
from convert.checkpoints.weight_file import WeightFile
from convert.checkpoints.zip_archive import ZipArchive

MAX_PICKLE_BYTES = 8 << 20  # ResNeXt-101's has 0.1 MB

_BYTE = np.dtype(np.uint8)


def read_torch_zip(file: WeightFile) -> tuple[dict[str, np.ndarray], LeftOut]:
    """The network's tensors by parameter name, contiguous, in the type they were saved in, and what is left out.

    Raises Malformed, with the entry and the byte offset, for anything that is not exactly a save of plain tensors and plain data.
    """
    archive = ZipArchive(file)
    folder = _folder(archive)
    order = archive.entries.get(f"{folder}/byteorder")
    if order and (order.size_bytes != len("little") or archive.array(order, _BYTE).tobytes() != b"little"):
        raise Malformed("it was written on a big-endian machine")
    storages: dict[str, Storage] = {}
    tensors, left_out = state_dict_of(_run(archive, f"{folder}/data.pkl", storages), PickledTensor)
    check_size(tensors, file.size_bytes)

    def load(storage: Storage) -> np.ndarray:
        name = f"{folder}/data/{storage.key}"
        if name not in archive.entries:
            raise Malformed(f"{name[:100]!r} is missing from the zip")
        found, announced = archive.entries[name].size_bytes, storage.elements * storage.dtype.itemsize
        if found != announced:
            raise Malformed(f"{name[:100]!r} has {found} bytes, {announced} were announced")
        return archive.array(archive.entries[name], storage.dtype)

    return load_tensors(tensors, load), left_out


def _folder(archive: ZipArchive) -> str:
    folders = [name.removesuffix("/data.pkl") for name in archive.entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise Malformed("this is a zip, but not a checkpoint of torch: it has no data.pkl, or several")
    if f"{folders[0]}/constants.pkl" in archive.entries:
        raise Malformed("this is a TorchScript program, not a checkpoint")
    return folders[0]


def _run(archive: ZipArchive, name: str, storages: dict[str, Storage]) -> object:
    entry = archive.entries[name]
    if entry.size_bytes > MAX_PICKLE_BYTES:
        raise Malformed(f"{name[:100]!r} has {entry.size_bytes} bytes, more than {MAX_PICKLE_BYTES}")
    pickle = Cursor(archive.array(entry, _BYTE).tobytes())
    try:
        saved = run_pickle(pickle, storages)
    except ValueError as error:
        raise Malformed(f"{name[:100]!r}, byte {pickle.position}: {error}") from error
    if pickle.left:
        raise Malformed(f"{pickle.left} bytes follow where {name[:100]!r} should end")
    return saved
