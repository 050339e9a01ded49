from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.classpostprocessor import NO_BATCH, ClassPostProcessor, ranked, ranked_as_vendor, softmax
from pipelines.cpu.elements.frame import Classes, Frame, FrameError, TensorPackage, TensorPackages
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import opened, pushed

LIBRARY = {"postProcessLibPath": "libresnet50postprocess.so"}
Result = tuple[int, str, float]


def post(content: dict[str, str] | str = "", *, strict: bool = False, **props: str) -> ClassPostProcessor:
    options = CpuOptions(strict=strict)
    return opened(ClassPostProcessor, {**LIBRARY, "postProcessConfigContent": content, **props}, options=options)


def packages(*outputs: tuple[np.ndarray, ...]) -> TensorPackages:
    return TensorPackages(tuple(TensorPackage(arrays) for arrays in outputs))


def results(frame: Frame) -> list[Result]:
    assert frame.errors == {}
    classes = frame.metadata["mxpi_classpostprocessor0"]
    assert isinstance(classes, Classes)
    return [(one.class_id, one.class_name, float(one.confidence)) for one in classes.results]


def classify(scores: list[float], top_k: int = 16, softmax: str = "false", *, strict: bool = False) -> list[Result]:
    element = post({"CLASS_NUM": str(len(scores)), "TOP_K": str(top_k), "SOFTMAX": softmax}, strict=strict)
    return results(pushed(element, before=packages((np.array([scores], np.float32),))))


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


def test_strict_equals_come_in_the_order_of_std_sort() -> None:
    assert [class_id for class_id, _, _ in classify([0] * 20, strict=True)] == [10, 19, 18, 17, 16, 15, 14, 13, 12, 11, 0, 9, 8, 7, 6, 5]


def test_strict_nan_stays_where_std_sort_leaves_it() -> None:
    assert [class_id for class_id, _, _ in classify([np.nan, 1, 2], strict=True)] == [0, 2, 1]


@pytest.mark.parametrize(
    ("logits", "scores"),
    [
        ([np.nan, 1, 2], [(2, 0.665240943), (1, 0.244728461), (0, 0.0900305733)]),
        ([-300, -301, -302], [(0, -300), (1, -301), (2, -302)]),
        ([88, 10, 1], [(0, 1), (1, 1.33361476e-34), (2, 1.64581131e-38)]),
        ([-1, -2, -3], [(0, 0.665241), (1, 0.244728476), (2, 0.0900305733)]),
    ],
)
def test_strict_softmax_as_recorded_from_the_vendor(logits: list[float], scores: list[tuple[int, float]]) -> None:
    made = [(class_id, np.float32(score)) for class_id, _, score in classify(logits, softmax="true", strict=True)]
    assert made == [(class_id, np.float32(score)) for class_id, score in scores]


@settings(deadline=None)
@given(values=st.lists(st.one_of(st.just(np.nan), st.integers(-3, 3).map(float)), min_size=1, max_size=60), top_k=st.integers(1, 16))
def test_both_rankings_agree_on_the_scores(values: list[float], top_k: int) -> None:
    scores = np.array(values, np.float32)
    best = ranked(scores, top_k)
    np.testing.assert_array_equal(best, np.argsort(-scores, kind="stable")[:top_k])
    if not np.isnan(scores).any():
        np.testing.assert_array_equal(scores[ranked_as_vendor(scores, top_k)], scores[best])


@settings(deadline=None)
@given(
    classes=st.integers(9, 2100),
    top_k=st.integers(1, 16),
    digits=st.integers(0, 8),
    strange=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_many_classes_are_ranked_as_by_a_full_sort(classes: int, top_k: int, digits: int, strange: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=classes).astype(np.float32).round(digits)  # few digits give many equal ones
    for value in (np.nan, np.inf, -np.inf)[:strange]:
        scores[rng.integers(classes, size=rng.integers(1, classes))] = value
    np.testing.assert_array_equal(ranked(scores, top_k), np.argsort(-scores, kind="stable")[:top_k])


@pytest.mark.parametrize(("top_k", "given"), [(1, 1), (5, 5), (16, 16), (99, 16), (-1, 16)])
def test_top_k_is_clamped(top_k: int, given: int) -> None:
    assert len(classify([0] * 20, top_k)) == given


def test_no_class_is_no_metadata() -> None:
    frame = pushed(post({"CLASS_NUM": "2", "TOP_K": "0"}), before=packages((np.zeros((1, 2), np.float32),)))
    assert ("mxpi_classpostprocessor0" in frame.metadata, frame.errors) == (False, {})


def test_no_more_than_there_are() -> None:
    assert len(classify([1, 2], top_k=5)) == 2


def test_labels_end_with_the_file(tmp_path: Path) -> None:
    labels = tmp_path / "m.names"
    labels.write_text("zero\none\n")
    element = post({"CLASS_NUM": "3", "TOP_K": "3"}, labelPath=str(labels))
    assert results(pushed(element, before=packages((np.array([[1, 2, 3]], np.float32),)))) == [(2, "", 3), (1, "one", 2), (0, "zero", 1)]


def test_only_the_first_output_counts() -> None:
    outputs = packages((np.array([[1, 2]], np.float32), np.array([[9, 8]], np.float32)))
    assert results(pushed(post({"CLASS_NUM": "2"}), before=outputs)) == [(1, "", 2)]


@pytest.mark.parametrize(
    "scores",
    [np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float16), np.zeros((1, 2), np.float64), np.zeros(1, np.float32)],
    ids=["other classes", "float16", "float64", "no classes"],
)
@pytest.mark.parametrize("strict", [False, True])
def test_scores_that_do_not_fit(scores: Any, strict: bool) -> None:
    frame = pushed(post({"CLASS_NUM": "2"}, strict=strict), before=packages((scores,)))
    assert frame.errors == {"mxpi_classpostprocessor0": FrameError(1004, "")}


def test_an_output_without_a_batch_dimension_never_returns_with_the_vendor() -> None:
    for strict, errors in ((False, {"mxpi_classpostprocessor0": FrameError(1004, NO_BATCH)}), (True, {})):
        element = post({"CLASS_NUM": "2"}, strict=strict)
        out: list[Frame] = []
        element.downstream = out.append
        frame = pushed(element, before=packages((np.zeros(2, np.float32),)))
        assert frame.errors == errors
        assert out == [] if strict else [frame]


def test_strict_reads_integers_as_floats() -> None:
    bits = packages((np.array([[1, 2]], np.float32).view(np.int32),))
    assert results(pushed(post({"CLASS_NUM": "2"}, strict=True), before=bits)) == [(1, "", 2)]
    assert pushed(post({"CLASS_NUM": "2"}), before=bits).errors == {"mxpi_classpostprocessor0": FrameError(1004, "")}


def test_every_picture_has_its_classes() -> None:
    several = packages((np.array([[1, 2]], np.float32),), (np.array([[4, 3]], np.float32),))
    for strict in (False, True):
        frame = pushed(post({"CLASS_NUM": "2", "TOP_K": "2"}, strict=strict), before=several)
        assert results(frame) == [(1, "", 2), (0, "", 1), (0, "", 4), (1, "", 3)]
        classes = frame.metadata["mxpi_classpostprocessor0"]
        assert isinstance(classes, Classes)
        assert [(one.source, one.member) for one in classes.results] == [("before", 0), ("before", 0), ("before", 1), ("before", 1)]


def test_strict_steps_through_several_pictures_by_the_number_of_classes() -> None:
    maps = packages(*((np.array([[[a, b], [c, d]]], np.float32),) for a, b, c, d in ((1, 2, 9, 8), (3, 4, 7, 6))))
    assert [score for _, _, score in results(pushed(post({"CLASS_NUM": "2"}, strict=True), before=maps))] == [2, 9]
    assert [score for _, _, score in results(pushed(post({"CLASS_NUM": "2"}), before=maps))] == [2, 4]


def test_no_tensors() -> None:
    [error] = pushed(post({"CLASS_NUM": "2"}), before=TensorPackages(())).errors.values()
    assert error == FrameError(1009, "Fail to ConstructTensor from MxpiTensorPackageList.")


def test_what_is_no_tensor_fails_with_code_0_as_with_the_vendor() -> None:
    [error] = pushed(post({"CLASS_NUM": "2"}), before=Classes(())).errors.values()
    assert error == FrameError(0, "Fail to get MxpiTensorPackageList from dataSource.")


def test_without_a_configuration_every_frame_fails() -> None:
    assert pushed(post(), before=packages((np.zeros((1, 2), np.float32),))).errors == {"mxpi_classpostprocessor0": FrameError(1004, "")}


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


def test_strict_mode_wants_an_absolute_library_to_exist(tmp_path: Path) -> None:
    library = tmp_path / "libresnet50postprocess.so"
    with pytest.raises(PipelineError, match="does not exist") as refused:
        post(strict=True, postProcessLibPath=str(library))
    assert refused.value.vendor_code == 6003
    library.touch()
    assert post(strict=True, postProcessLibPath=str(library)).config.top_k == 1


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
        {"dataSource": ""},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_classpostprocessor0': ") as caught:
        opened(ClassPostProcessor, {**LIBRARY, **props})
    assert caught.value.vendor_code == 6003
    assert next(iter(props)) in caught.value.message
