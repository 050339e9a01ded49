"""Streams whose decoder may reduce a JPEG for the resize after it."""

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.reduction import Decode
from tests.level_model import REDUCED_CLASS, WHOLE_CLASS, comb
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
