"""The one value of a network that holds a score for each class."""

import onnx
from onnx import TensorProto

from convert.conversion_errors import ConvertError
from convert.exports.score_steps import CHOICES, first_of
from convert.networks.graph_edits import maker, set_output
from convert.networks.plain_network import told
from models.printable import printable

MAX_LISTED = 8


def choose_output(network: onnx.ModelProto, name: str | None) -> None:
    """Make the value of that name the only output; None takes the network's own one. What it does not need is removed.

    The name may be that of an inner value, too. Raises ConvertError if there are several and none is named, for a name that
    no node makes, and for an output that is not scores (ArgMax, TopK).
    """
    graph = network.graph
    outputs: list[onnx.ValueInfoProto] = list(graph.output)
    if name is None and len(outputs) != 1:
        raise ConvertError(f"The network has {len(outputs)} outputs: {_listed(outputs)}.", _named(graph, outputs))
    wanted = name or outputs[0].name
    if maker(graph, wanted) is None:
        text = f"No node computes the network's output {wanted!r}."
        raise ConvertError(text, f"The outputs are: {_listed(outputs)}." if name else "Export it again.")
    if name is not None:
        declared = next((value for value in outputs if value.name == name), None)
        set_output(graph, declared or onnx.ValueInfoProto(name=name))
    if choice := first_of(graph, wanted, CHOICES):
        raise ConvertError(
            f"The output {wanted!r} names the best classes ({choice.op_type}) and has no score of each class.",
            f"Take the value before it: --output {choice.input[0]!r}",
        )


def _named(graph: onnx.GraphProto, outputs: list[onnx.ValueInfoProto]) -> str:
    likely = [value for value in outputs if value.type.tensor_type.elem_type in (TensorProto.FLOAT, TensorProto.FLOAT16)]
    if not (likely := [value for value in likely if first_of(graph, value.name, CHOICES) is None]):
        choice = next((choice for value in outputs if (choice := first_of(graph, value.name, CHOICES))), None)
        named = choice.input[0] if choice else next((value.name for value in outputs), None)
        return f"Say which value holds a score of each class, for example: --output {named!r}" if named else "Export it again."
    return f"Say which one holds a score of each class, for example: --output {likely[0].name!r}"


def _listed(outputs: list[onnx.ValueInfoProto]) -> str:
    words = [f"{printable(value.name)} ({told(value.type.tensor_type)})" for value in outputs[:MAX_LISTED]]
    return ", ".join(words) + (" and more" if len(outputs) > MAX_LISTED else "")
