import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper

from convert.conversion_errors import ConvertError
from convert.exports.plain_form import plain_form
from convert.exports.score_end import end_in_logits
from convert.networks.graph_edits import maker
from tests.convert.conftest import Run
from tests.convert.exports.exports_made import CLASSES, SIDE, Export, Step, step

SHAPE = (1, 3, SIDE, SIDE)
IMAGE = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
FINE = np.array(1 / 4096, np.float32), np.array(0, np.uint16)
HEADS: dict[str, tuple[Step, ...]] = {
    "logit": (),
    "softmax": (step("Softmax", axis=1),),
    "log softmax": (step("LogSoftmax", axis=1),),
    "sigmoid": (step("Sigmoid"),),
    "log of a softmax": (step("Softmax", axis=1), step("Log")),
    "softmax, subtracted twice": (step("Softmax", axis=1), step("Neg"), step("Neg")),
}
PASSING: list[tuple[Step, ...]] = [
    (step("Identity"),),
    (step("Flatten", axis=1),),
    (step("Reshape", np.array([0, -1])),),
    (step("Reshape", np.array([-1, CLASSES])),),
    (step("Unsqueeze", np.array([2])), step("Squeeze", np.array([2]))),
    (step("Unsqueeze", np.array([2, 3])),),
    (step("Mul", np.array(1, np.float32)),),
    (step("Cast", to=TensorProto.FLOAT16), step("Cast", to=TensorProto.FLOAT)),
    (step("Transpose", perm=[0, 1]),),
]
QUANTISED = (step("QuantizeLinear", *FINE), step("DequantizeLinear", *FINE))


@pytest.fixture(scope="module")
def logits(run: Run) -> np.ndarray:
    """Of the network before its tail, for the picture `IMAGE`."""
    return np.asarray(run(Export(opset=21, ir=10).model().SerializeToString(), IMAGE)[0])


@given(
    head=st.sampled_from(list(HEADS)),
    tails=st.lists(st.sampled_from(PASSING[:5] + PASSING[6:8]), max_size=4),
    last=st.sampled_from(PASSING),
)
@example(head="softmax", tails=[QUANTISED], last=PASSING[0])
@example(head="sigmoid", tails=[QUANTISED], last=PASSING[0])
@example(head="softmax", tails=[], last=PASSING[5])
def test_no_tail_hides_what_the_scores_are(
    run: Run, logits: np.ndarray, head: str, tails: list[tuple[Step, ...]], last: tuple[Step, ...]
) -> None:
    """After any tail a softmax of the plain form gives what the file's scores mean."""
    after = (*HEADS[head], *(each for tail in tails for each in tail), *last)
    export = Export(after=after, opset=21, ir=10)
    if head == "sigmoid":
        with pytest.raises(ConvertError, match=r"ends in a Sigmoid|they may be sigmoids"):
            plain_form(export.model())
        return
    scores = run(plain_form(export.model()).network.SerializeToString(), IMAGE)
    assert scores.shape == (1, CLASSES)
    np.testing.assert_allclose(shares(scores[0]), shares(logits), atol=2e-3)


def shares(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(powers / powers.sum())


LOG = (step("Softmax", axis=1), step("Log"))
SATURATED = (step("Mul", np.array(2000, np.float32)), step("Softmax", axis=1), step("Max", np.array(1e-30, np.float32)), step("Log"))


@pytest.mark.parametrize(
    "after",
    [
        *((*LOG, step("Div", np.array(np.log(base), np.float32))) for base in (2, 10)),
        (step("LogSoftmax", axis=1), step("Mul", np.array(1 / np.log(10), np.float32)), step("Identity")),
        (step("Mul", np.array(1, np.float32)), step("LogSoftmax", axis=1), step("Div", np.array(3, np.float32))),
    ],
)
def test_a_logarithm_of_another_base_becomes_a_natural_one(run: Run, after: tuple[Step, ...]) -> None:
    image = np.random.default_rng(1).standard_normal(SHAPE, np.float32) / 8
    logits = run(Export().model().SerializeToString(), image)[0]
    scores = run(plain_form(Export(after=after).model()).network.SerializeToString(), image)[0]
    np.testing.assert_allclose(shares(scores), shares(logits), atol=1e-5)
    assert shares(logits).max() < 0.9


PER_CLASS = np.full(CLASSES, 1 / np.log(10), np.float32)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ((*SATURATED, step("Mul", PER_CLASS)), r"to which base.*--score-type log_probability\. Else .*--output 'value5'"),
        ((*LOG, step("Mul", PER_CLASS)), r"computed from a Softmax, and are neither.*--output 'logits'.*--score-type logit"),
        ((step("Sigmoid"), step("Log")), "computed from a Sigmoid"),
        ((step("Neg"), step("Softplus"), step("Neg")), "computed from a Softplus"),
        ((step("Softmax", axis=1), step("Neg")), "computed from a Softmax"),
        ((step("Exp"),), "computed from a Exp"),
        ((step("Unsqueeze", np.array([2])), step("LogSoftmax", axis=2)), r"answers 0 for each class of every picture.*--output 'value5'"),
        ((step("Unsqueeze", np.array([1])), step("Softmax", axis=1)), r"do not sum to 1 \(to 10\).*--output 'value5'"),
    ],
)
def test_scores_that_a_softmax_would_spoil_are_refused(after: tuple[Step, ...], message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        plain_form(Export(after=after).model())


EMPTY = r"for each class of every picture\. Its weights are probably empty or damaged: export it again from a trained checkpoint\."


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ((), f"answers 0 {EMPTY}"),
        ((step("Relu"),), f"answers 0 {EMPTY}"),
        ((step("LogSoftmax", axis=1),), rf"answers -2\.303 {EMPTY}"),
        ((step("Exp"), step("Mul", np.array(3, np.float32)), step("Neg")), r"answers -3 .*; a Exp over another axis .*--output 'logits'"),
    ],
)
def test_a_network_of_zeros_is_not_sent_to_its_features(after: tuple[Step, ...], message: str) -> None:
    model = Export(after=after).model()
    for tensor in model.graph.initializer:
        if tensor.name in ("weight", "bias"):
            tensor.CopyFrom(numpy_helper.from_array(np.zeros(tensor.dims, np.float32), tensor.name))
    with pytest.raises(ConvertError, match=message):
        plain_form(model)


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
def test_a_softmax_of_an_old_opset_is_over_all_axes_behind(run: Run, operator: str) -> None:
    export = Export(opset=11, ir=6, after=(step("Unsqueeze", axes=[1]), step(operator, axis=1)))
    image = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
    logits = run(Export().model().SerializeToString(), image)[0]
    scores = run(plain_form(export.model()).network.SerializeToString(), image)
    np.testing.assert_allclose(shares(scores.reshape(-1)), shares(logits), atol=1e-5)


@pytest.mark.parametrize(
    ("head", "found", "last"),
    [
        ("logit", "its outputs are logits", "Gemm"),
        ("softmax", "its outputs are probabilities (Softmax): the softmax is cut off", "Gemm"),
        ("softmax, subtracted twice", "its outputs are probabilities: their logarithm is appended", "Log"),
        ("log softmax", "its outputs are logarithms of probabilities, which serve as logits", "LogSoftmax"),
    ],
)
def test_what_is_done(head: str, found: str, last: str) -> None:
    model = Export(after=HEADS[head]).model()
    assert end_in_logits(model, SHAPE, "recipe", None) == (CLASSES, found)
    node = maker(model.graph, model.graph.output[0].name)
    assert node is not None
    assert node.op_type == last
