from typing import Any

import numpy as np
import pytest

from pipelines.cpu.elements.frame import Foreign, Frame, Metadata, PixelFormat, Vision, Visions
from pipelines.cpu.elements.imagenormalize import ImageNormalize, numbers
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import opened, pushed

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
ALPHA, BETA = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
IMAGENET = {"alpha": "123.675,116.28,103.53", "beta": "58.395, 57.12 ,57.375", "dataType": "FLOAT32"}
FAILED = ' (Code = 1001, Message = "General Failed") '


def normalized(element: ImageNormalize, pixels: Any = PIXELS, order: PixelFormat = PixelFormat.BGR888) -> Vision:
    frame = pushed(element, before=Visions((Vision(pixels, order),)))
    assert frame.errors == {}
    visions = frame.metadata["mxpi_imagenormalize0"]
    assert isinstance(visions, Visions)
    return visions.items[0]


def by_hand(pixels: Any, alpha: tuple[float, ...] = ALPHA, beta: tuple[float, ...] = BETA) -> Any:
    return (pixels.astype(np.float64) - alpha) / beta


def failure(frame: Frame) -> tuple[int, str]:
    [error] = frame.errors.values()
    return error.code, error.text


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_mean_and_deviation_of_bgr_are_swapped_on_every_second_frame(dtype: type) -> None:
    element = opened(ImageNormalize, IMAGENET)
    found = [normalized(element, PIXELS.astype(dtype)) for _ in range(4)]
    assert {(each.pixels.dtype.name, each.format, each.source) for each in found} == {("float32", 13, "before")}
    np.testing.assert_allclose(found[0].pixels, by_hand(PIXELS, ALPHA[::-1], BETA[::-1]), atol=1e-5)
    np.testing.assert_allclose(found[1].pixels, by_hand(PIXELS), atol=1e-5)
    for place in (0, 1):
        np.testing.assert_array_equal(found[place].pixels, found[place + 2].pixels)


def test_rgb_stays() -> None:
    element = opened(ImageNormalize, IMAGENET)
    for _ in range(2):
        np.testing.assert_allclose(normalized(element, order=PixelFormat.RGB888).pixels, by_hand(PIXELS), atol=1e-5)


@pytest.mark.parametrize(("name", "order", "other"), [("RGB888", 13, 12), ("BGR888", 12, 13), ("RGB888", 12, 12)])
def test_the_format_is_what_is_asked_for(name: str, order: int, other: int) -> None:
    found = normalized(opened(ImageNormalize, {"format": name}), order=PixelFormat(order))
    assert found.format == other
    np.testing.assert_array_equal(found.pixels, PIXELS if order == other else PIXELS[..., ::-1])


def test_the_first_type_is_kept_and_bytes_are_rounded_and_clipped() -> None:
    element = opened(ImageNormalize, {"alpha": "10,10,10", "beta": "2,2,2"})
    floats = np.array([[[10, 13, 15], [0, 520, 1000]]], np.float32)
    assert normalized(element).pixels.dtype == np.uint8
    assert normalized(element, floats).pixels.tolist() == [[[0, 2, 2], [0, 255, 255]]]


@pytest.mark.parametrize(("name", "largest"), [("UINT8", 255), ("FLOAT32", 1)])
def test_the_range_becomes_the_whole(name: str, largest: int) -> None:
    found = normalized(opened(ImageNormalize, {"processType": "0", "dataType": name}), np.array([[[10, 20, 60]]], np.uint8))
    np.testing.assert_allclose(found.pixels, [[[0, 0.2 * largest, largest]]], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "wanted"), [("1,2.5,3", [1, 2.5, 3]), (" 1 ,2x,,-3e1", [1, 2, -30]), ("x,1e,", [0, 0]), ("", []), (",1", [0, 1])]
)
def test_numbers_are_read_by_prefix(text: str, wanted: list[float]) -> None:
    assert numbers(text) == wanted


@pytest.mark.parametrize(
    "props",
    [{"beta": "1,0,1"}, {"beta": "1,1e-16,1"}, {"alpha": "1,2"}, {"beta": "1,2,3,4"}, {"format": "NV12"}, {"dataType": "FLOAT16"}],
)
def test_what_is_refused(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError) as refused:
        opened(ImageNormalize, props)
    assert refused.value.vendor_code == 6003


def test_failures_and_what_is_none() -> None:
    element = opened(ImageNormalize)
    assert pushed(element).errors == {}
    assert failure(pushed(element, before=Foreign(None))) == (11004, f"Not a MxpiVisionList object.{FAILED}")
    assert failure(pushed(element, before=Visions(()))) == (1001, f"dst vision vec size is 0{FAILED}")
    taken: Metadata = Visions(())
    sent = pushed(element, before=Visions((Vision(PIXELS),)), mxpi_imagenormalize0=taken)
    assert failure(sent) == (7010, f"add meta data failed.{FAILED}")
