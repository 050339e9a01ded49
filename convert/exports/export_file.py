"""Reads an ONNX file as exporters write it, with the weights that it keeps in files beside it."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from convert.checkpoints.weight_file import open_source
from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.constant_weights import move_constants
from convert.exports.export_bounds import check_bounds
from convert.exports.sparse_weights import make_dense
from convert.networks.fit import check_finite
from convert.networks.plain_network import DOMAINS, MAX_FILE_BYTES, MIN_OPSET, check_flow, check_graph, first_line, opset_of
from models.onnx_side_files import side_files
from models.printable import printable
from models.store import sha256_of

_PACKED = ("UINT4", "INT4", "FLOAT4E2M1", "UINT2", "INT2")  # several elements a byte
_EXPORT_AGAIN = "Export it again, for example with torch.onnx.export(model, image, 'net.onnx', opset_version=17)."


def export_sha256(path: Path) -> str:
    """Hex sha256 of an ONNX file; of the sha256s of all its files, if it keeps weights beside it. Raises CheckpointRefused."""
    try:
        check_bounds(path)
        beside = [_beside(path, name) for name in side_files(path)]
        digests = [sha256_of(file) for file in (path, *beside)]
    except OSError as error:
        raise CheckpointRefused(f"{error.filename or path}: {error.strerror}.", "Put the file there, or name another one.") from error
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()


def read_export(path: Path) -> onnx.ModelProto:
    """The network of an ONNX file, all in one, in opset 11 or newer, checked; raises CheckpointRefused, ConvertError."""
    try:
        check_bounds(path)
        size_bytes = path.stat().st_size
        network = onnx.load(path, format="protobuf", load_external_data=False)  # else the name's ending decides
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror}.") from error
    except DecodeError as error:
        raise CheckpointRefused(f"{path} is not an ONNX file, or is damaged.") from error
    check_flow(network)
    _bring_in(network, path, MAX_FILE_BYTES - size_bytes)
    if network.functions:
        network = _inlined(network)
    make_dense(network, MAX_FILE_BYTES)
    _check_operators(network)
    check_graph(network)
    network = _renewed(network)
    check_finite(network)
    move_constants(network)
    check_finite(network, infinities=True)  # a mask in a Constant node may hold minus infinity
    return network


def _bring_in(network: onnx.ModelProto, path: Path, room_bytes: int) -> None:
    """Put the weights of other files into the network, at most so many bytes."""
    groups: dict[str, list[TensorProto]] = {}
    for tensor in _tensors(network):
        if tensor.data_location == TensorProto.EXTERNAL:
            groups.setdefault(_entries(tensor).get("location", ""), []).append(tensor)
    for name, tensors in groups.items():
        file = _beside(path, name)
        try:
            with open_source(file) as weights:
                extents = [_extent(tensor, weights.size_bytes) for tensor in tensors]
                room_bytes -= sum(count for _, count in extents)
                if room_bytes < 0:
                    raise CheckpointRefused(f"{path} and {printable(name)} have more than the {MAX_FILE_BYTES} bytes a network may have.")
                for tensor, (start, count) in zip(tensors, extents, strict=True):
                    tensor.raw_data = weights.read(start, count)
                    tensor.ClearField("external_data")
                    tensor.ClearField("data_location")
        except OSError as error:
            raise CheckpointRefused(
                f"{path} keeps its weights in {printable(name)}, and {printable(str(file))} cannot be read: {error.strerror}.",
                "Put that file beside it.",
            ) from error
        except ValueError as error:
            raise CheckpointRefused(
                f"{path} keeps its weights in {printable(name)}: {error}.", "Copy both files again, or export again."
            ) from error


def _tensors(network: onnx.ModelProto) -> Iterator[TensorProto]:
    """All tensors of a network without branches and loops."""
    yield from network.graph.initializer
    for sparse in network.graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in (*network.graph.node, *(node for function in network.functions for node in function.node)):
        for attribute in node.attribute:
            yield from (*attribute.tensors, *([attribute.t] if attribute.HasField("t") else ()))
            for sparse in (*attribute.sparse_tensors, *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else ())):
                yield from (sparse.values, sparse.indices)


def _entries(tensor: TensorProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in tensor.external_data}


def _beside(path: Path, name: str) -> Path:
    """The file of that name in the folder of `path`; raises CheckpointRefused for a place outside, also one behind a link."""
    folder = path.parent.resolve()
    try:
        inside = name not in ("", ".") and ".." not in Path(name).parts and (folder / name).resolve().is_relative_to(folder)
    except (ValueError, RuntimeError):  # a NUL in the name; links in a circle
        inside = False
    if not inside:
        raise CheckpointRefused(
            f"{path} keeps its weights in {name!r}, which is not a file of its folder.", f"Copy that file into {path.parent}, not a link."
        )
    return folder / name


def _extent(tensor: TensorProto, size_bytes: int) -> tuple[int, int]:
    """Start and length of a tensor's bytes; raises ValueError if they do not fit its shape."""
    entries = _entries(tensor)
    start = _number(entries.get("offset", "0"))
    count = _number(entries["length"]) if "length" in entries else max(size_bytes - start, 0)
    try:
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except KeyError as error:
        raise ValueError(f"{printable(tensor.name)} has the unknown type {tensor.data_type}") from error
    expected = dtype.itemsize
    for side in tensor.dims:
        expected *= side
    if TensorProto.DataType.Name(tensor.data_type) not in _PACKED and count != expected:
        raise ValueError(f"{printable(tensor.name)} has {count} bytes there, and {list(tensor.dims)} are {expected}")
    return start, count


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError(f"{text!r} is not a number of bytes")
    return int(text)


def _inlined(network: onnx.ModelProto) -> onnx.ModelProto:
    """Put the network's own functions, as torch writes them, into its graph."""
    from onnx import inliner

    try:
        return inliner.inline_local_functions(network)
    except (RuntimeError, ValueError, DecodeError) as error:
        raise ConvertError(f"The network's functions cannot be written out: {first_line(error)}.", _EXPORT_AGAIN) from error


def _check_operators(network: onnx.ModelProto) -> None:
    """Raise ConvertError for operators of other makers; forget their names where no node uses them."""
    foreign = sorted({f"{node.domain}.{node.op_type}" for node in network.graph.node if node.domain not in DOMAINS})
    if foreign:
        raise ConvertError(
            f"The network has operators that are not ONNX's own: {', '.join(map(printable, foreign[:5]))}.",
            "Give the file that was exported, not one that a runtime has optimised or quantised, or export it without them.",
        )
    for place in reversed(range(len(network.opset_import))):
        if network.opset_import[place].domain not in DOMAINS:
            del network.opset_import[place]


def _renewed(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network in opset 11 if it was older; ATC and the recipe take no older one."""
    version = opset_of(network)
    if not 0 < version < MIN_OPSET:
        return network
    from onnx import version_converter

    try:
        return version_converter.convert_version(network, MIN_OPSET)
    except (RuntimeError, ValueError, DecodeError) as error:
        raise ConvertError(
            f"The network is written in ONNX opset {version}, and cannot be rewritten in {MIN_OPSET}: {first_line(error)}.", _EXPORT_AGAIN
        ) from error
