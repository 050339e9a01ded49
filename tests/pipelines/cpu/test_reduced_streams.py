"""Streams whose decoder may reduce a JPEG for the resize after it."""

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.reduction import Decode
from tests.level_model import REDUCED_CLASS, SIDE_PX, WHOLE_CLASS, comb
from tests.pipelines.cpu.pipelines_made import Elements, ask, best, classifying, create


@pytest.mark.parametrize(
    ("decode", "resize", "expected"),
    [
        ("exact", {}, WHOLE_CLASS),
        ("reduced", {}, REDUCED_CLASS),
        ("reduced", {"dataSource": "mxpi_imagedecoder0"}, WHOLE_CLASS),  # by its name others could read the picture, too
    ],
)
def test_a_stream_decodes_as_the_option_says(level: StoredModel, decode: Decode, resize: Elements, expected: int) -> None:
    manager = CpuStreamManager(CpuOptions(decode=decode))
    manager.InitManager()
    create(manager, s=classifying(level, resize=resize))
    assert best(ask(manager, b"s", comb())) == expected
    assert best(ask(manager, b"s", comb(".png"))) == WHOLE_CLASS
    manager.DestroyAllStreams()


def test_a_crop_behind_the_resize_gets_the_whole_picture(level: StoredModel) -> None:
    """It cuts from the decoder's picture, by the pixels of the whole one: here outside what a reduced one would have."""
    near, far = 4 * SIDE_PX, 5 * SIDE_PX
    points = {"cropPointx0": near, "cropPointy0": near, "cropPointx1": far, "cropPointy1": far}
    props = {"handleMethod": "opencv", "autoDetectFrame": "0", **{name: str(edge) for name, edge in points.items()}}
    stream = classifying(level)
    stream["mxpi_imageresize0"]["next"] = "mxpi_imagecrop0"
    stream["mxpi_imagecrop0"] = {"factory": "mxpi_imagecrop", "props": props, "next": "mxpi_tensorinfer0"}
    answers = set[bytes]()
    for decode in ("exact", "reduced"):
        manager = CpuStreamManager(CpuOptions(decode=decode))
        manager.InitManager()
        create(manager, s=stream)
        answer = ask(manager, b"s", comb())
        assert answer.errorCode == 0, answer.data
        answers.add(answer.data)
        manager.DestroyAllStreams()
    assert len(answers) == 1
