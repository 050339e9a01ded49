"""Sparse weights of an ONNX file, written out: OpenVINO, ONNX's own inference and ATC take dense ones."""

import math

import numpy as np
import onnx
from onnx import SparseTensorProto, TensorProto, numpy_helper

from convert.conversion_errors import CheckpointRefused


def make_dense(network: onnx.ModelProto, max_bytes: int) -> None:
    """Replace the sparse tensors by dense parameters, in place; raises CheckpointRefused if they are damaged or have more bytes."""
    graph = network.graph
    for sparse in graph.sparse_initializer:
        graph.initializer.append(_dense(sparse, sparse.values.name, max_bytes))
        max_bytes -= len(graph.initializer[-1].raw_data)
    graph.ClearField("sparse_initializer")
    constants = [node for node in graph.node if node.op_type == "Constant" and node.output]
    held = {node.output[0]: value.sparse_tensor for node in constants for value in node.attribute if value.name == "sparse_value"}
    for name, sparse in held.items():
        graph.initializer.append(_dense(sparse, name, max_bytes))
        max_bytes -= len(graph.initializer[-1].raw_data)
    kept = [node for node in graph.node if not (node.op_type == "Constant" and held.keys() & set(node.output))]
    if held:
        graph.ClearField("node")
        graph.node.extend(kept)


def _dense(sparse: SparseTensorProto, name: str, max_bytes: int) -> TensorProto:
    def refused(reason: str) -> CheckpointRefused:
        return CheckpointRefused(f"The sparse weight {name[:100]!r} {reason}.", "Export the network again, with dense weights.")

    shape = list(sparse.dims)
    try:
        values, places = numpy_helper.to_array(sparse.values).reshape(-1), numpy_helper.to_array(sparse.indices)
        if min(shape, default=1) < 1 or math.prod(shape) * values.itemsize > max_bytes:
            raise refused(f"of the shape {shape} has more bytes than a network may have")
        flat = places if places.ndim == 1 else np.ravel_multi_index(tuple(places.T), tuple(shape))
        dense = np.zeros(math.prod(shape), values.dtype)
        if flat.shape != values.shape or (flat < 0).any():
            raise refused("has not one place for each number")
        dense[flat] = values
    except (ValueError, TypeError, IndexError) as error:
        raise refused(f"cannot be read ({error})") from error
    return numpy_helper.from_array(dense.reshape(shape), name)
