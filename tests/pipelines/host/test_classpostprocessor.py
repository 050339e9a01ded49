from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import PipelineError
from pipelines.host.classpostprocessor import ClassPostProcessor, softmax
from pipelines.host.frame import Classes, Frame, FrameError, Tensors
from tests.pipelines.host.pipelines_made import opened, pushed

LIBRARY = {"postProcessLibPath": "libresnet50postprocess.so"}
Result = tuple[int, str, float]


def post(content: dict[str, str] | str = "", **props: str) -> ClassPostProcessor:
    return opened(ClassPostProcessor, {**LIBRARY, "postProcessConfigContent": content, **props})


def results(frame: Frame) -> list[Result]:
    assert frame.errors == {}
    classes = frame.metadata["mxpi_classpostprocessor0"]
    assert isinstance(classes, Classes)
    return [(one.class_id, one.class_name, float(one.confidence)) for one in classes.results]


def classify(scores: list[float], top_k: int = 16, softmax: str = "false") -> list[Result]:
    element = post({"CLASS_NUM": str(len(scores)), "TOP_K": str(top_k), "SOFTMAX": softmax})
    return results(pushed(element, before=Tensors((np.array([scores], np.float32),))))


@settings(deadline=None)
@given(logits=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=50))
def test_softmax_is_that_of_float64(logits: list[float]) -> None:
    exact = np.exp(np.array(logits) - max(logits))
    scores = softmax(np.array(logits, np.float32))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, exact / exact.sum(), rtol=1e-4, atol=1e-7)
    assert scores.sum() == pytest.approx(1, abs=1e-5)


def test_large_logits_do_not_overflow() -> None:
    """The vendor's softmax gives NaN from a logit of about 89, and the raw logits below a sum of 1e-6; here it does better."""
    np.testing.assert_allclose(softmax(np.array([300, 299, 1], np.float32)), [0.7310586, 0.26894143, 0], atol=1e-7)
    np.testing.assert_allclose(softmax(np.array([-300, -301], np.float32)), [0.7310586, 0.26894143], atol=1e-7)


@pytest.mark.parametrize("logits", [[np.nan, 1, 2], [np.inf, 1], [-np.inf, -np.inf]])
def test_softmax_of_what_is_no_number_is_none(logits: list[float]) -> None:
    assert np.isnan(softmax(np.array(logits, np.float32))).all()


def test_best_first() -> None:
    assert classify([1, 3, 2]) == [(1, "", 3), (2, "", 2), (0, "", 1)]
    assert [(class_id, round(score, 6)) for class_id, _, score in classify([1, 3, 2], softmax="true")] == [
        (1, 0.665241),
        (2, 0.244728),
        (0, 0.090031),
    ]


def test_the_lower_id_comes_first_among_equals() -> None:
    assert [class_id for class_id, _, _ in classify([1, 2, 2, 2, 1, 2, 1, 1])] == [1, 2, 3, 5, 0, 4, 6, 7]
    assert [class_id for class_id, _, _ in classify([0] * 20)] == list(range(16))


def test_nan_comes_last() -> None:
    assert [class_id for class_id, _, _ in classify([np.nan, 1, np.inf, -np.inf])] == [2, 1, 3, 0]


@pytest.mark.parametrize(("top_k", "given"), [(0, 0), (1, 1), (5, 5), (16, 16), (99, 16), (-1, 16)])
def test_top_k_is_clamped(top_k: int, given: int) -> None:
    assert len(classify([0] * 20, top_k)) == given


def test_no_more_than_there_are() -> None:
    assert len(classify([1, 2], top_k=5)) == 2


def test_labels_end_with_the_file(tmp_path: Path) -> None:
    labels = tmp_path / "m.names"
    labels.write_text("zero\none\n")
    element = post({"CLASS_NUM": "3", "TOP_K": "3"}, labelPath=str(labels))
    assert results(pushed(element, before=Tensors((np.array([[1, 2, 3]], np.float32),)))) == [(2, "", 3), (1, "one", 2), (0, "zero", 1)]


def test_only_the_first_output_counts() -> None:
    outputs = Tensors((np.array([[1, 2]], np.float32), np.array([[9, 8]], np.float32)))
    assert results(pushed(post({"CLASS_NUM": "2"}), before=outputs)) == [(1, "", 2)]


@pytest.mark.parametrize(
    "scores",
    [np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float16), np.zeros((1, 2), np.float64), np.zeros(2, np.float32)],
    ids=["other classes", "float16", "float64", "no batch"],
)
def test_scores_that_do_not_fit(scores: Any) -> None:
    frame = pushed(post({"CLASS_NUM": "2"}), before=Tensors((scores,)))
    assert frame.errors == {"mxpi_classpostprocessor0": FrameError(1004, "")}


def test_without_a_configuration_every_frame_fails() -> None:
    assert pushed(post(), before=Tensors((np.zeros((1, 2), np.float32),))).errors == {"mxpi_classpostprocessor0": FrameError(1004, "")}


def test_a_missing_input_is_no_failure() -> None:
    frame = pushed(post({"CLASS_NUM": "2"}))
    assert (frame.metadata, frame.errors) == ({}, {})


def test_the_content_goes_before_the_path(tmp_path: Path) -> None:
    path = tmp_path / "m.cfg"
    path.write_text("CLASS_NUM=10\nTOP_K=5\n")
    assert post(postProcessConfigPath=str(path)).config.top_k == 5
    assert post({"TOP_K": "2"}, postProcessConfigPath=str(path)).config.top_k == 2
    assert post('{"TOP_K": "3"}').config.top_k == 3


@pytest.mark.parametrize("library", ["libresnet50postprocess.so", "/usr/local/lib/modelpostprocessors/libresnet50postprocess.so"])
def test_the_library_is_known_by_its_name(library: str) -> None:
    assert opened(ClassPostProcessor, {"postProcessLibPath": library}).config.top_k == 1


@pytest.mark.parametrize(
    "props",
    [
        {"postProcessLibPath": ""},
        {"postProcessLibPath": "libnosuch.so"},
        {"postProcessLibPath": "${MX_SDK_HOME}/lib/modelpostprocessors/libresnet50postprocess.so"},
        {"funcLanguage": "python"},
        {"postProcessConfigPath": "nosuch.cfg"},
        {"postProcessConfigContent": {"TOP_K": 2}},
        {"labelPath": "nosuch.names"},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_classpostprocessor0': ") as caught:
        opened(ClassPostProcessor, {**LIBRARY, **props})
    assert caught.value.vendor_code == 6003
    assert next(iter(props)) in caught.value.message
