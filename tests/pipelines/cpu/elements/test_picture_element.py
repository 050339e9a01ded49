import numpy as np
import pytest

from pipelines.cpu.elements.element import ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Foreign, Frame, Vision, Visions
from pipelines.cpu.elements.imageresize import ImageResize
from pipelines.cpu.elements.picture_element import PictureElement
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.text.spec import parse_stream
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import chained, opened

PICTURE = Vision(np.zeros((2, 2, 3), np.uint8))


class Doing(PictureElement):
    factory = "mxpi_imageresize"
    stage = "resize"


@pytest.mark.parametrize(
    ("props", "source"), [({}, "before"), ({"dataSource": "a"}, "a"), ({"parentName": "b"}, "b")], ids=["auto", "named", "parent"]
)
def test_where_it_reads(props: dict[str, str], source: str) -> None:
    assert opened(Doing, props).source() == source


@pytest.mark.parametrize("props", [{"dataSource": ""}, {"parentName": "b", "dataSource": "a"}])
def test_where_it_cannot_read(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError) as caught:
        opened(Doing, props)
    assert caught.value.vendor_code == 6003


def test_a_source_writes_no_pictures() -> None:
    spec = parse_stream("s", chained(("appsrc", {}), ("mxpi_imageresize", {}), ("appsink", {})))
    with pytest.raises(PipelineError, match="no element before it makes pictures"):
        ImageResize(ElementContext(spec.elements["mxpi_imageresize0"], spec, "appsrc0", CpuOptions()))


@pytest.mark.parametrize(
    ("props", "handler"),
    [({}, "ascend"), ({"cvProcessor": "opencv"}, "opencv"), ({"cvProcessor": "ascend", "handleMethod": "opencv"}, "opencv")],
)
def test_the_processor(props: dict[str, str], handler: str) -> None:
    assert opened(Doing, props).handler() == handler


def test_an_unknown_processor() -> None:
    with pytest.raises(PipelineError, match="unknown image processor 'x'"):
        opened(Doing, {"handleMethod": "x"}).handler()


def test_a_number_with_a_fraction() -> None:
    assert opened(Doing, {"paddingColorB": "1.5"}).number("paddingColorB") == 1.5
    with pytest.raises(PipelineError, match="must be a number"):
        opened(Doing).number("resizeType")


def test_what_is_stored() -> None:
    element = opened(Doing)
    frame = Frame(b"", 0)
    element.store(frame, [PICTURE], "No.")
    assert frame.metadata == {"mxpi_imageresize0": Visions((PICTURE,))}


def test_a_key_that_is_taken() -> None:
    frame = Frame(b"", 0, {"mxpi_imageresize0": Foreign(1)})
    with pytest.raises(FrameFailure, match="plugin toolkit metadata key already exist") as caught:
        opened(Doing).store(frame, [PICTURE], "No.")
    assert (caught.value.code, frame.metadata) == (7010, {"mxpi_imageresize0": Foreign(1)})


def test_bytes_that_do_not_fit_the_size() -> None:
    element = opened(Doing)
    element.check(PICTURE)
    with pytest.raises(FrameFailure, match="'before' has 5 bytes"):
        element.check(Vision(np.zeros((1, 5), np.uint8)))
