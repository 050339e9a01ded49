"""Reads a PyTorch checkpoint of the zip format (torch 1.6 and later) without torch, and without trust in its content.

The archive has one folder: `data.pkl` is the pickle of the saved object, `data/<key>` are the storages' elements, `byteorder`
(since torch 2.1) is the byte order. Its entries are not compressed, so none is longer than its piece of the file.
"""

import zipfile
from collections.abc import Mapping

import numpy as np

from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import Selected, state_dict_of
from convert.checkpoints.pickle_machine import run_pickle
from convert.checkpoints.pickled_tensor import PickledTensor, Storage
from convert.checkpoints.torch_storages import check_size, load_tensors
from convert.checkpoints.weight_file import WeightFile
from models.bounded_zip import open_zip

MAX_ENTRIES = 32_768  # more than a network of MAX_TENSORS with Adam's two moments needs
MAX_DIRECTORY_BYTES = 8 << 20
MAX_PICKLE_BYTES = 64 << 20  # ResNeXt-101's has 0.1 MB; mmengine puts the history of every step into it

_ENCRYPTED = 0x2041  # general purpose bits 0, 6 and 13

Entries = Mapping[str, zipfile.ZipInfo]


def read_torch_zip(file: WeightFile) -> Selected[np.ndarray]:
    """The network's tensors by parameter name, contiguous, in their saved type.

    Raises Malformed, with the entry and the byte offset, for anything except a save of plain tensors and plain data.
    """
    try:
        archive = open_zip(file.stream, MAX_ENTRIES, MAX_DIRECTORY_BYTES)
        return _read_archive(archive, file.size_bytes)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise Malformed(f"{error or 'the zip is truncated'}") from error


def _read_archive(archive: zipfile.ZipFile, size_bytes: int) -> Selected[np.ndarray]:
    entries = _stored(archive)
    folder = _folder(entries)
    order = entries.get(f"{folder}/byteorder")
    if order and (order.file_size != len("little") or archive.read(order) != b"little"):
        raise Malformed("it was written on a big-endian machine")
    storages: dict[str, Storage] = {}
    found = state_dict_of(_run(archive, entries[f"{folder}/data.pkl"], storages), PickledTensor)
    check_size(found.tensors, size_bytes)

    def load(storage: Storage) -> np.ndarray:
        name = f"{folder}/data/{storage.key}"
        if name not in entries:
            raise Malformed(f"{name[:100]!r} is missing from the zip")
        actual, announced = entries[name].file_size, storage.elements * storage.dtype.itemsize
        if actual != announced:
            raise Malformed(f"{name[:100]!r} has {actual} bytes, {announced} were announced")
        return np.frombuffer(archive.read(entries[name]), storage.dtype)

    return Selected(load_tensors(found.tensors, load), found.left_out, found.told, found.architecture)


def _stored(archive: zipfile.ZipFile) -> Entries:
    """The entries by name; raises Malformed for a compressed entry or a repeated name."""
    entries = {entry.orig_filename: entry for entry in archive.infolist()}
    if len(entries) < len(archive.infolist()) or archive.comment:
        raise Malformed("two entries of the zip have one name, or it has a comment")
    for name, entry in entries.items():
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
            raise Malformed(f"{name[:100]!r} is compressed or encrypted in the zip, which torch never does")
        if entry.compress_size != entry.file_size:
            raise Malformed(f"{name[:100]!r} has {entry.compress_size} bytes in the zip and claims {entry.file_size}")
    return entries


def _folder(entries: Entries) -> str:
    folders = [name.removesuffix("/data.pkl") for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise Malformed("this is a zip, but not a checkpoint of torch: it has no data.pkl, or several")
    if f"{folders[0]}/constants.pkl" in entries:
        raise Malformed("this is a TorchScript program, not a checkpoint")
    return folders[0]


def _run(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, storages: dict[str, Storage]) -> object:
    name = entry.orig_filename
    if entry.file_size > MAX_PICKLE_BYTES:
        raise Malformed(f"{name[:100]!r} has {entry.file_size} bytes, more than {MAX_PICKLE_BYTES}")
    pickle = Cursor(archive.read(entry))
    try:
        saved = run_pickle(pickle, storages)
    except ValueError as error:
        raise Malformed(f"{name[:100]!r}, byte {pickle.position}: {error}") from error
    if pickle.left:
        raise Malformed(f"{pickle.left} bytes follow where {name[:100]!r} should end")
    return saved
