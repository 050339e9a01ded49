from fractions import Fraction

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cpu.elements.resize_geometry import (
    PADDING_TYPES,
    RESIZE_TYPES,
    Size,
    Wanted,
    keep_fast_rcnn,
    keep_fit,
    keep_long,
    keep_short,
    ms_yolov4,
    only_padding,
    paddle_ocr,
    rescale,
    rescale_double,
    stretch,
)

SIZES = st.builds(Size, st.integers(1, 8192), st.integers(1, 8192))
TARGETS = st.builds(Size, st.integers(32, 4096), st.integers(6, 4096))
PADDING = Size(33, 34)


def wanted(width: int = 224, height: int = 224, scale_px: int = 256, dimensions: tuple[int, int] = (200, 300)) -> Wanted:
    return Wanted(Size(width, height), scale_px, *dimensions, PADDING)


@given(SIZES, TARGETS)
def test_stretch_is_exact(source: Size, target: Size) -> None:
    plan = stretch(source, wanted(*target))
    assert (plan.steps, plan.canvas, plan.scaling, plan.interpolation) == ((target,), PADDING, 0.0, cv2.INTER_LINEAR)


@given(SIZES, st.integers(32, 8192))
def test_short_and_long_cut_off(source: Size, scale_px: int) -> None:
    for plan, side in ((keep_short, min(source)), (keep_long, max(source))):
        [step] = plan(source, wanted(scale_px=scale_px)).steps
        for made, given_px in zip(step, source, strict=True):
            exact = Fraction(given_px * scale_px, side)
            assert exact - 1 - exact / 2**22 <= made <= exact + exact / 2**22


@pytest.mark.parametrize(
    ("source", "step", "scaling"),
    [
        ((640, 480), (224, 168), 0.3499999940395355),
        ((480, 640), (168, 224), 0.3499999940395355),
        ((300, 451), (149, 224), 0.4966740608215332),
        ((100, 60), (224, 134), 2.240000009536743),
        ((448, 1), (224, 1), 0.5),
        ((449, 1), (224, 0), 0.49888640642166138),
    ],
)
def test_fit(source: tuple[int, int], step: tuple[int, int], scaling: float) -> None:
    plan = keep_fit(Size(*source), wanted())
    assert (plan.steps, plan.canvas, plan.scaling) == ((step,), (224, 224), scaling)


@given(SIZES, TARGETS)
def test_fit_fits(source: Size, target: Size) -> None:
    [step] = keep_fit(source, wanted(*target)).steps
    assert step.width <= target.width
    assert step.height <= target.height
    assert step.width == target.width or step.height == target.height


def test_products_wrap_at_32_bits() -> None:
    """A picture as wide as OpenCV allows, and the vendor's comparison goes the other way."""
    [step] = keep_fit(Size(2**20, 1), wanted(32, 4096)).steps
    assert step == (0, 4096)


@pytest.mark.parametrize(
    ("source", "step", "scaling"),
    [
        ((640, 480), (266, 200), 200 / 480),
        ((480, 640), (200, 266), 200 / 480),
        ((900, 100), (300, 33), 300 / 900),
        ((100, 900), (33, 300), 300 / 900),
        ((50, 50), (200, 200), 4.0),
    ],
)
def test_fast_rcnn(source: tuple[int, int], step: tuple[int, int], scaling: float) -> None:
    plan = keep_fast_rcnn(Size(*source), wanted())
    assert (plan.steps, plan.canvas) == ((step,), (300, 300))
    assert plan.scaling == pytest.approx(scaling, rel=1e-6)


@given(SIZES, st.integers(32, 8192), st.integers(32, 8192))
def test_fast_rcnn_stays_within_its_canvas(source: Size, one: int, other: int) -> None:
    least, most = sorted((one, other))
    plan = keep_fast_rcnn(source, wanted(dimensions=(least, most)))
    assert all(side <= most for side in plan.steps[0])


def test_only_padding_resizes_nothing() -> None:
    plan = only_padding(Size(5, 6), wanted())
    assert (plan.steps, plan.canvas, plan.scaling) == ((), PADDING, 0.0)


@pytest.mark.parametrize(
    ("source", "target", "step"),
    [
        ((640, 480), (224, 224), (224, 168)),
        ((100, 60), (224, 224), (224, 134)),
        ((480, 640), (320, 200), (200, 267)),
        ((1000, 1), (224, 224), (224, 0)),
    ],
)
def test_rescale(source: tuple[int, int], target: tuple[int, int], step: tuple[int, int]) -> None:
    plan = rescale(Size(*source), wanted(*target))
    assert (plan.steps, plan.canvas) == ((step,), PADDING)


@pytest.mark.parametrize(
    ("source", "target", "steps", "scaling"),
    [
        ((640, 480), (320, 200), ((267, 200),), 0.4166666567325592),
        ((480, 640), (320, 200), ((200, 267), (150, 200)), 0.3121098577976227),
        ((640, 480), (200, 320), ((267, 200), (200, 150)), 0.3121098577976227),
        ((100, 60), (320, 200), ((320, 192),), 3.200000047683716),
    ],
)
def test_rescale_double(source: tuple[int, int], target: tuple[int, int], steps: tuple[tuple[int, int], ...], scaling: float) -> None:
    plan = rescale_double(Size(*source), wanted(*target))
    assert (plan.steps, plan.scaling) == (steps, scaling)


@pytest.mark.parametrize(
    ("source", "method"),
    [((225, 225), cv2.INTER_NEAREST), ((223, 223), cv2.INTER_CUBIC), ((224, 225), cv2.INTER_LINEAR), ((300, 100), cv2.INTER_LINEAR)],
)
def test_yolov4(source: tuple[int, int], method: int) -> None:
    plan = ms_yolov4(Size(*source), wanted())
    assert (plan.steps, plan.interpolation, plan.scaling) == (((224, 224),), method, 0.0)


@pytest.mark.parametrize(
    ("source", "step", "scaling"), [((640, 480), (64, 48), 0.1), ((1000, 48), (320, 48), 0.0), ((101, 60), (81, 48), 0.8)]
)
def test_paddle_ocr(source: tuple[int, int], step: tuple[int, int], scaling: float) -> None:
    plan = paddle_ocr(Size(*source), wanted(320, 48))
    assert (plan.steps, plan.canvas) == ((step,), (320, 48))
    assert plan.scaling == pytest.approx(scaling, rel=1e-6)


def test_the_vendors_numbers() -> None:
    assert sorted(one.number for one in RESIZE_TYPES.values()) == list(range(10))
    assert {name for name, one in RESIZE_TYPES.items() if one.always_pads} == {
        "Resizer_KeepAspectRatio_FastRCNN",
        "Resizer_KeepAspectRatio_Fit",
        "Resizer_OnlyPadding",
    }
    assert PADDING_TYPES[0] == "Padding_NO"
