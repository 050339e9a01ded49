import logging

import pytest

from pipelines.codes import Code
from pipelines.cpu.elements.element import Element, FrameFailure
from pipelines.cpu.elements.frame import Classes, Frame, FrameError
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import opened, pushed

NOTHING = Classes(())


class Doing(Element):
    """Marks the frame, or raises what it is told to."""

    factory = "mxpi_imageresize"
    stage = "resize"
    raises: Exception | None = None

    def process(self, frame: Frame) -> None:
        if self.raises:
            raise self.raises
        frame.metadata[self.name] = NOTHING


def test_work_is_timed_and_passed_on() -> None:
    element = opened(Doing)
    seen: list[Frame] = []
    element.downstream = seen.append
    frame = pushed(element)
    assert seen == [frame]
    assert frame.metadata == {"mxpi_imageresize0": NOTHING}
    assert frame.stages_s["resize"] >= 0


def test_a_failed_frame_is_only_passed_on() -> None:
    element = opened(Doing)
    seen: list[Frame] = []
    element.downstream = seen.append
    frame = Frame(b"", 0, errors={"before": FrameError(1004, "")})
    element.push(frame)
    assert seen == [frame]
    assert (frame.metadata, frame.stages_s) == ({}, {})


def test_a_failure_fails_the_frame() -> None:
    element = opened(Doing)
    element.raises = FrameFailure(Code.COMM_INVALID_PARAM, "words")
    assert pushed(element).errors == {"mxpi_imageresize0": FrameError(1004, "words")}


def test_an_exception_fails_the_frame_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    element = opened(Doing)
    element.raises = KeyError("k")
    with caplog.at_level(logging.ERROR):
        frame = pushed(element)
    assert frame.errors == {"mxpi_imageresize0": FrameError(1002, "An Exception occurred. Error message: ('k').")}
    assert [record.message for record in caplog.records] == ["element mxpi_imageresize0 failed a frame"]


def test_the_input_is_what_the_element_before_wrote() -> None:
    frame = Frame(b"", 0, metadata={"before": NOTHING, "other": Classes(())})
    assert opened(Doing).input(frame) is NOTHING
    assert opened(Doing, upstream="elsewhere").input(frame) is None
    assert opened(Doing, {"dataSource": "before"}, upstream="elsewhere").input(frame) is NOTHING


def test_properties() -> None:
    element = opened(Doing, {"resizeWidth": "64"})
    assert (element.integer("resizeWidth"), element.text("resizeType")) == (64, "Resizer_Stretch")
    assert element.choice("resizeType", ("Resizer_Stretch",)) == "Resizer_Stretch"
    for refused in (
        lambda: element.text("resizeWidth"),
        lambda: element.integer("resizeType"),
        lambda: element.choice("resizeType", ("x",)),
    ):
        with pytest.raises(PipelineError, match=r"^Element 'mxpi_imageresize0': ") as caught:
            refused()
        assert caught.value.vendor_code == 6003


@pytest.mark.parametrize(
    ("props", "handler"),
    [
        ({"handleMethod": "opencv"}, "opencv"),
        ({"cvProcessor": "opencv"}, "opencv"),
        ({"handleMethod": "opencv", "cvProcessor": "ascend"}, "opencv"),
        ({}, "ascend"),
        ({"handleMethod": "ascend", "cvProcessor": "opencv"}, "ascend"),
    ],
)
def test_the_image_processor(props: dict[str, str], handler: str) -> None:
    assert opened(Doing, props).handler() == handler


def test_an_image_processor_that_does_not_exist() -> None:
    with pytest.raises(PipelineError, match=r"unknown image processor 'opencl'.*Set .handleMethod.: .opencv."):
        opened(Doing, {"handleMethod": "opencl"}).handler()
