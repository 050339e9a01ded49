from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.conversion_errors import ConvertError
from convert.exports.plain_form import plain_form, read_plain
from convert.fold import unfold
from convert.import_checkpoint import Wishes, import_checkpoint
from convert.preprocessing.recipe_choice import RecipeWishes
from models.store import ModelStore
from tests.convert.conftest import Run
from tests.convert.exports.exports_made import CLASSES, SIDE, Export, Step, step

SOFTMAX = step("Softmax", axis=1)
CLOSE, HALF = 1e-4, 2e-2  # half: what float16 rounds logits of order ten to
INT64 = np.int64


def axes(*numbers: int) -> np.ndarray:
    return np.array(numbers, INT64)


EXPORTS = {
    "plain": Export(),
    "opset 9": Export(opset=9, ir=4),
    "opset 11, parameters are inputs": Export(opset=11, ir=3, parameters_are_inputs=True),
    "opset 18": Export(opset=18, ir=10),
    "opset 21": Export(opset=21, ir=10),
    "opset 25": Export(opset=25, ir=13),
    "batch of 1": Export(image=(1, 3, SIDE, SIDE)),
    "batch of 1 built in": Export(image=(1, 3, SIDE, SIDE), head="one row"),
    "view of the size": Export(head="view"),
    "free sides": Export(image=("N", 3, "height", "width")),
    "everything is free": Export(image=("b", "c", "h", "w")),
    "everything is free, NHWC": Export(image=("b", "h", "w", "c"), before=(step("Transpose", perm=[0, 3, 1, 2]),)),
    "input named as the artifact's output": Export(source="scores"),
    "name with a colon": Export(source="input:0"),
    "name of another script": Export(source="/模型/输入 image"),
    "inner names of the recipe": Export(names={"Identity": "scores"}, after=(step("Identity"), step("Neg"))),
    "other operator sets": Export(foreign=("ai.onnx.ml", "com.microsoft")),
    "convolution at the end": Export(head="conv"),
    "convolution, squeezed": Export(head="conv", after=(step("Squeeze", axes(2, 3)),)),
    "everything squeezed": Export(head="conv", image=(1, 3, SIDE, SIDE), after=(step("Squeeze"),)),
    "NHWC": Export(image=("N", SIDE, SIDE, 3), before=(step("Transpose", perm=[0, 3, 1, 2]),)),
    "NHWC, its transpose later": Export(image=("N", SIDE, SIDE, 3), before=(step("Identity"), step("Transpose", perm=[0, 3, 1, 2]))),
    "uint8": Export(type=TensorProto.UINT8, before=(step("Cast", to=TensorProto.FLOAT), step("Div", np.array(255, np.float32)))),
    "uint8, dequantised": Export(
        opset=19, ir=9, type=TensorProto.UINT8, before=(step("DequantizeLinear", np.array(1 / 127.5, np.float32), np.array(127, np.uint8)),)
    ),
    "uint8 NHWC": Export(
        image=("N", SIDE, SIDE, 3),
        type=TensorProto.UINT8,
        before=(step("Cast", to=TensorProto.FLOAT), step("Mul", np.array([0.02], np.float32)), step("Transpose", perm=[0, 3, 1, 2])),
    ),
    "grey": Export(image=("N", 1, SIDE, SIDE), channels=1),
    "grey NHWC": Export(image=("N", SIDE, SIDE, 1), channels=1, before=(step("Transpose", perm=[0, 3, 1, 2]),)),
    "grey uint8": Export(
        image=("N", 1, SIDE, SIDE),
        channels=1,
        type=TensorProto.UINT8,
        before=(step("Cast", to=TensorProto.FLOAT), step("Div", np.array(255, np.float32))),
    ),
    "float64 in": Export(type=TensorProto.DOUBLE, before=(step("Cast", to=TensorProto.FLOAT),)),
    "float16": Export(type=TensorProto.FLOAT16, half=True),
    "float16 inside": Export(half=True, before=(step("Cast", to=TensorProto.FLOAT16),), after=(step("Cast", to=TensorProto.FLOAT),)),
    "normalises 0..255": Export(
        before=(step("Sub", np.full((1, 3, 1, 1), 120, np.float32)), step("Div", np.full((1, 3, 1, 1), 58, np.float32)))
    ),
    "normalises 0..1": Export(before=(step("Mul", np.array(2, np.float32)), step("Sub", np.array(1, np.float32)))),
    "temperature": Export(after=(step("Div", np.array(1.7, np.float32)),)),
    "softmax": Export(after=(SOFTMAX,)),
    "softmax of the last axis": Export(after=(step("Softmax", axis=-1),)),
    "softmax of opset 9": Export(opset=9, ir=4, after=(step("Softmax"),)),
    "softmax of a temperature": Export(after=(step("Mul", np.array(0.5, np.float32)), SOFTMAX)),
    "softmax, identity": Export(after=(SOFTMAX, step("Identity"))),
    "softmax, flat": Export(after=(SOFTMAX, step("Flatten", axis=1))),
    "softmax, reshaped": Export(after=(SOFTMAX, step("Reshape", axes(0, -1)))),
    "softmax in float16": Export(after=(step("Cast", to=TensorProto.FLOAT16), SOFTMAX, step("Cast", to=TensorProto.FLOAT))),
    "softmax of a convolution": Export(head="conv", after=(SOFTMAX, step("Squeeze", axes(2, 3)))),
    "softmax, percent": Export(after=(SOFTMAX, step("Mul", np.array(100, np.float32)))),
    "softmax, turned": Export(head="conv", after=(SOFTMAX, step("Transpose", perm=[0, 2, 3, 1]))),
    "log softmax": Export(after=(step("LogSoftmax", axis=1),)),
    "logarithm of a softmax": Export(after=(SOFTMAX, step("Log"))),
}
QUANTISED = Export(
    opset=19,
    ir=9,
    after=(
        SOFTMAX,
        step("QuantizeLinear", np.array(1 / 255, np.float32), np.array(0, np.uint8)),
        step("DequantizeLinear", np.array(1 / 255, np.float32), np.array(0, np.uint8)),
    ),
)


def probabilities(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def served(export: Export, folder: Path, run: Run, *, beside: bool = False) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The scores of the artifact, those of the file itself for the same pixels, and what the import said."""
    said: list[str] = []
    wishes = Wishes(name="net", side_px=SIDE, recipe=RecipeWishes(transform="stretch"))
    path = export.write(folder / "net.onnx", beside=beside)
    model = import_checkpoint(path, ModelStore(folder / "store"), wishes, progress=said.append)
    pixels = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    pixels[3] = 200
    artifact = model.check_artifact("cpu")[1]
    scores = np.concatenate([run(artifact, one[None]) for one in pixels])
    assert scores.shape == (4, CLASSES)
    assert scores.dtype == np.float32
    return scores, export.answers(pixels, model.manifest.recipe), said


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_what_is_served_is_what_the_file_answers(export: Export, tmp_path: Path, run: Run) -> None:
    scores, expected, said = served(export, tmp_path, run)
    softmaxed = any(operator == "Softmax" for operator, _, _ in export.after)
    half = export.half or any(attributes.get("to") == TensorProto.FLOAT16 for _, _, attributes in export.after)
    if softmaxed and export.after[-1][0] != "Log":
        scores, expected = probabilities(scores), expected / expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores, expected, atol=HALF if half else CLOSE)
    assert np.ptp(scores, axis=0).max() > 0.01  # the pictures do matter
    assert softmaxed == any("its outputs are probabilities" in line or "logarithms of prob" in line for line in said) or export.after[
        -1:
    ] == (step("LogSoftmax", axis=1),)


def test_quantised_probabilities_are_served_before_they_were_rounded(tmp_path: Path, run: Run) -> None:
    scores, expected, said = served(QUANTISED, tmp_path, run)
    np.testing.assert_allclose(probabilities(scores), expected, atol=0.5 / 255 + CLOSE)
    assert any("the softmax is cut off" in line for line in said)


def test_weights_beside_the_file(tmp_path: Path, run: Run) -> None:
    scores, expected, _ = served(Export(opset=18, ir=10), tmp_path, run, beside=True)
    np.testing.assert_allclose(scores, expected, atol=CLOSE)


def decomposed() -> onnx.ModelProto:
    """exp(logits) / sum(exp(logits)), as some exporters write a softmax."""
    model = Export(after=(step("Exp"),)).model()
    graph = model.graph
    powers = graph.output[0].name
    graph.initializer.append(helper.make_tensor("classes", TensorProto.INT64, [1], [1]))
    graph.node.append(helper.make_node("ReduceSum", [powers, "classes"], ["sum"]))
    graph.node.append(helper.make_node("Div", [powers, "sum"], ["probabilities"]))
    graph.output[0].name = "probabilities"
    return model


def test_a_softmax_in_parts(run: Run) -> None:
    image = np.random.default_rng(0).standard_normal((1, 3, SIDE, SIDE), np.float32)
    expected = run(decomposed().SerializeToString(), image)
    form = plain_form(decomposed())
    assert form.told == f"Its form: pixels float32 [N, 3, {SIDE}, {SIDE}]; its outputs are probabilities: their logarithm is appended."
    np.testing.assert_allclose(probabilities(run(form.network.SerializeToString(), image)), expected, atol=1e-6)


def test_probabilities_of_zero_stay_so(run: Run) -> None:
    network = Export(after=(step("Mul", np.array(1000, np.float32)), SOFTMAX, step("Neg"), step("Neg"))).model()
    image = np.random.default_rng(0).standard_normal((1, 3, SIDE, SIDE), np.float32)
    expected = run(network.SerializeToString(), image)
    assert (expected == 0).any()
    scores = run(plain_form(network, score_type="probability").network.SerializeToString(), image)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(probabilities(scores), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ((step("Sigmoid"),), r"ends in a Sigmoid.*several labels.*--output 'logits'"),
        ((step("Sigmoid"), step("Identity"), step("Reshape", axes(0, -1))), "ends in a Sigmoid"),
        ((step("HardSigmoid"),), "ends in a HardSigmoid"),
        ((SOFTMAX, step("ArgMax", axis=1, keepdims=0)), r"names the best classes \(ArgMax\).*--output 'value5'"),
        ((step("ArgMax", axis=1),), r"names the best classes.*--output 'logits'"),
        ((step("Softmax", axis=0),), r"ends in a Softmax, but its 10 scores do not sum to 1 \(to 10\).*--output 'logits'"),
        ((SOFTMAX, step("Slice", axes(0), axes(7), axes(1))), r"sum to 0\.\d+ to .*--score-type logit"),
        ((step("Slice", axes(0), axes(1), axes(1)),), "one number for each picture"),
        ((step("Unsqueeze", axes(1)), step("Expand", axes(1, 2, 1))), r"is \[1, 2, 10\] for 1 picture: scores for several places"),
        ((step("Unsqueeze", axes(2, 3)), step("Expand", axes(1, 1, 4, 4))), r"is \[1, 10, 4, 4\] for 1 picture: .*--output"),
        ((step("Tanh"), step("Abs")), "lie between .*they may be sigmoids"),
        ((step("Log"),), "not finite"),
        ((step("Reshape", axes(0, 2, 5)), step("Softmax", axis=2), step("Reshape", axes(0, -1))), r"do not sum to 1 \(to 2\)"),
        ((step("LogSoftmax", axis=1), step("Neg")), "minus the logarithms"),
        ((step("Hardmax", axis=1),), r"names the best classes \(Hardmax\)"),
        ((step("QuantizeLinear", np.array(0.1, np.float32), np.array(128, np.uint8)),), "whole numbers .uint8.*--output 'logits'"),
    ],
)
def test_scores_that_would_be_wrong_are_refused(after: tuple[Step, ...], message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        plain_form(Export(after=after).model())


def test_pictures_of_a_batch_that_change_one_anothers_scores_are_taken_alone(tmp_path: Path, run: Run) -> None:
    turned = (step("Transpose", perm=[1, 0]),)
    scores, expected, said = served(Export(after=turned), tmp_path, run)
    np.testing.assert_allclose(scores, expected, atol=CLOSE)
    assert any("takes one at a time" in line for line in said)
    wishes = Wishes(name="net", side_px=SIDE, batch_sizes=(1, 2), recipe=RecipeWishes(transform="stretch"))
    with pytest.raises(ConvertError, match=r"For 2 pictures the network returns 1 rows.*--batch-sizes 1"):
        import_checkpoint(tmp_path / "net.onnx", ModelStore(tmp_path / "two"), wishes, progress=print)
    with pytest.raises(ConvertError, match="takes 2 pictures at a time, and they change"):
        plain_form(Export(image=(2, 3, SIDE, SIDE), after=turned).model())


def test_scores_before_a_sigmoid_are_taken_by_name(tmp_path: Path) -> None:
    path = Export(after=(step("Sigmoid"),)).write(tmp_path / "net.onnx")
    assert read_plain(path, output="logits").told.endswith("its outputs are logits.")


def test_a_caller_may_say_what_the_scores_are(run: Run) -> None:
    def some() -> onnx.ModelProto:
        return Export(after=(SOFTMAX, step("Slice", axes(0), axes(7), axes(1)))).model()

    image = np.random.default_rng(0).standard_normal((1, 3, SIDE, SIDE), np.float32)
    given = run(some().SerializeToString(), image)
    taken = plain_form(some(), score_type="probability")
    np.testing.assert_allclose(probabilities(run(taken.network.SerializeToString(), image)), given / given.sum(), atol=1e-6)
    assert (run(plain_form(some(), score_type="logit").network.SerializeToString(), image) == given).all()
    with pytest.raises(ConvertError, match="not probabilities"):
        plain_form(Export().model(), score_type="probability")
    with pytest.raises(ConvertError, match="not logarithms"):
        plain_form(Export().model(), score_type="log_probability")


@pytest.mark.parametrize("name", ["softmax, flat", "softmax, turned", "grey", "NHWC", "float16"])
def test_a_plain_form_is_one_already(name: str, tmp_path: Path, run: Run) -> None:
    """What `convert cpu --plain` writes can be imported again."""
    export = EXPORTS[name]
    served(export, tmp_path, run)
    plain = unfold(onnx.load(tmp_path / "store/net/net.onnx"))
    image = np.random.default_rng(0).standard_normal((1, 3, SIDE, SIDE), np.float32)
    before = run(plain.SerializeToString(), image)
    again = plain_form(plain, side_px=SIDE)
    np.testing.assert_allclose(run(again.network.SerializeToString(), image), before, atol=1e-5)
