"""Makes a network end in logits: cuts its softmax off, or takes the logarithm of its probabilities."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.exports.embedded_recipe import PixelRange
from convert.exports.score_probe import Rows, probe
from convert.exports.score_steps import SHARES, first_of
from convert.exports.score_tail import ScoreTail, find_tail
from convert.exports.score_type import ScoreType, Verdict, score_type
from convert.networks.graph_edits import free_name, maker, node, set_output
from convert.networks.plain_network import opset_of

FIRST_OPSET_OF_ONE_AXIS = 13  # of Softmax
FLOOR = 1e-30  # of a probability before its logarithm: that of 0 is not a number a softmax can take
_TOLD = {"logit": "its outputs are logits", "log_probability": "its outputs are logarithms of probabilities, which serve as logits"}


def end_in_logits(
    network: onnx.ModelProto, shape: tuple[int, int, int, int], pixels: PixelRange, said: ScoreType | None
) -> tuple[int, str]:
    """Change the end of a network, in place, so that a softmax of its output gives the probabilities.

    Returns the number of classes, and what was found and done in words. `said` is what the caller knows of the scores.
    Raises ConvertError for scores that exclude nothing (sigmoids), and for those whose behaviour does not say it.
    """
    graph = network.graph
    tail = find_tail(graph)
    inner, final = probe(network, [tail.value, graph.output[0].name], shape, pixels)
    _check_shape(final, graph.output[0].name)
    found = said or _found(network, tail, inner)
    if said:
        _check_said(said, inner)
    elif refusal := _refusal(found, tail, inner, first_of(graph, tail.value, SHARES)):
        raise refusal
    if found == "log_probability":
        set_output(graph, onnx.ValueInfoProto(name=tail.value))  # without a factor behind it, as that of another base
    if found != "probability":
        return final.shape[1], _TOLD[found]
    if tail.kind == "softmax":
        set_output(graph, onnx.ValueInfoProto(name=tail.before))
        return final.shape[1], "its outputs are probabilities (Softmax): the softmax is cut off"
    _append_logarithm(graph, tail.value)
    return final.shape[1], "its outputs are probabilities: their logarithm is appended"


def _found(network: onnx.ModelProto, tail: ScoreTail, rows: Rows) -> Verdict:
    """What the scores are by their behaviour; a softmax is known by itself where that shows nothing."""
    found = score_type(rows)
    if tail.kind not in ("softmax", "log softmax") or not (found == "saturated" or (found == "still" and _flattens(network, tail))):
        return found
    return "probability" if tail.kind == "softmax" else "log_probability"


def _refusal(found: Verdict, tail: ScoreTail, rows: Rows, shares: onnx.NodeProto | None) -> ConvertError | None:
    """Why scores that behave so are not served; None if they are."""
    if tail.kind == "sigmoid" and found != "probability":
        return _sigmoid(tail)
    if tail.kind == "softmax" and found != "probability":
        return ConvertError(
            f"The network ends in a Softmax, but its {rows.shape[1]} scores do not sum to 1 (to {rows.sum(axis=1)[0]:.4g}).",
            f"Export it with a softmax over the classes, or take what is before it: --output {tail.before!r}",
        )
    if found == "logit":
        return _computed(shares) if shares else None
    reasons: dict[Verdict, ConvertError] = {
        "still": _still(rows, shares),
        "saturated": _saturated(rows, shares),
        "bounded": _unclear(rows, shares),
        "negated": ConvertError(
            "The scores are minus the logarithms of probabilities: the best class has the lowest one.",
            f"Take what is before the sign changes: --output {tail.before!r}",
        ),
        "not finite": ConvertError("The network answers numbers that are not finite for ordinary pictures.", "Export it in float32."),
    }
    return reasons.get(found)


def _append_logarithm(graph: onnx.GraphProto, value: str) -> None:
    """The logarithm in float32, whatever type the probabilities have."""
    floor = numpy_helper.from_array(np.array(FLOOR, np.float32), free_name(graph, "plain/floor"))
    graph.initializer.append(floor)
    steps: tuple[tuple[str, list[str], dict[str, int | list[int]]], ...] = (
        ("Cast", [], {"to": TensorProto.FLOAT}),
        ("Max", [floor.name], {}),
        ("Log", [], {}),
    )
    for operator, inputs, attributes in steps:
        graph.node.append(node(operator, [value, *inputs], free_name(graph, f"plain/{operator.lower()}"), attributes))
        value = graph.node[-1].output[0]
    set_output(graph, helper.make_tensor_value_info(value, TensorProto.FLOAT, None))


def _check_shape(final: Rows, name: str) -> None:
    if final.shape[1] < 2:
        raise ConvertError(
            f"The output {name!r} is one number for each picture, not a score for each class.",
            "A network of two classes needs two scores: export it with two outputs in its last layer.",
        )


def _check_said(said: ScoreType, rows: Rows) -> None:
    if said == "probability" and rows.min() < 0:
        raise ConvertError(f"The scores are not probabilities: one of them is {rows.min():.4g}.", "Leave out --score-type.")
    if said == "log_probability" and rows.max() > 0:
        raise ConvertError(f"The scores are not logarithms of probabilities: one of them is {rows.max():.4g}.", "Leave out --score-type.")


def _sigmoid(tail: ScoreTail) -> ConvertError:
    return ConvertError(
        f"The network ends in a {tail.operator}: it gives each class a probability of its own (several labels for one picture), "
        "and this server answers which of the classes it is.",
        f"If the classes exclude each other, take what is before it, and the server applies a softmax: --output {tail.before!r}",
    )


def _flattens(network: onnx.ModelProto, tail: ScoreTail) -> bool:
    """Whether a softmax is over all axes from the second one on, as in opsets below 13; OpenVINO takes that axis alone."""
    end = maker(network.graph, tail.value)
    axis = next((each.i for each in end.attribute if each.name == "axis"), 1) if end else 0
    return axis == 1 and opset_of(network) < FIRST_OPSET_OF_ONE_AXIS


def _still(rows: Rows, shares: onnx.NodeProto | None) -> ConvertError:
    answers = f"The network answers {rows.flat[0]:.4g} for each class of every picture"
    if shares is None or np.isclose(rows.flat[0], -np.log(rows.shape[1])):  # the logarithm of equal shares is over the right axis
        return ConvertError(f"{answers}.", "Its weights are probably empty or damaged: export it again from a trained checkpoint.")
    return ConvertError(
        f"{answers}; a {shares.op_type} over another axis than that of the classes does so.",
        f"Export it with the classes in that axis, or take what is before it: --output {shares.input[0]!r}",
    )


def _saturated(rows: Rows, shares: onnx.NodeProto | None) -> ConvertError:
    kind = "probability" if rows.min() >= 0 else "log_probability"
    return ConvertError(
        "One class has all the probability in each of the made pictures, so one cannot tell whether the scores are probabilities or "
        "a power of them, or to which base they are logarithms.",
        f"If they are what a softmax or its natural logarithm gives: --score-type {kind}{_before(shares)}",
    )


def _computed(shares: onnx.NodeProto) -> ConvertError:
    return ConvertError(
        f"The scores are computed from a {shares.op_type}, and are neither probabilities nor their natural logarithms: a softmax of them "
        "would be wrong.",
        f"Take what is before it: --output {shares.input[0]!r}. If they are logits all the same: --score-type logit",
    )


def _before(shares: onnx.NodeProto | None) -> str:
    return f". Else take what is before the {shares.op_type}: --output {shares.input[0]!r}" if shares else "."


def _unclear(rows: Rows, shares: onnx.NodeProto | None) -> ConvertError:
    low, high = rows.sum(axis=1).min(), rows.sum(axis=1).max()
    return ConvertError(
        f"The scores lie between {rows.min():.4g} and {rows.max():.4g} and sum to {low:.4g} to {high:.4g}: they may be sigmoids, "
        "probabilities of some of the classes, or logits.",
        f"Say what they are: --score-type logit, or --score-type probability if the classes exclude each other{_before(shares)}",
    )
