"""The real network in bf16 and int8, and behind a reduced decode: where f32 is sure, its best class stays."""

from pathlib import Path

import cv2
import pytest

from models.store import ModelStore
from pipelines.cpu.processor import lack
from pipelines.reduction import denominator
from tests.bench.answers import compared
from tests.bench.prepared import prepared
from tests.factories.photo_crops import write_crops
from tests.part_or_all import some_or_many

NAME = "efficientnet_lite0"
RESIZED_PX = (224, 224)


def decoded_px(path: Path) -> tuple[int, int]:
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return pixels.shape[1], pixels.shape[0]


@some_or_many("count", 40, 1000)
def test_bf16_keeps_every_sure_answer(model_store: ModelStore, tmp_path: Path, count: int) -> None:
    if lacking := lack("bf16"):
        pytest.skip(lacking)
    found = compared(model_store.root, NAME, write_crops(tmp_path, count, seed=3), "bf16", "exact")
    assert found.compared == count
    assert found.largest.difference > 0
    assert found.sure_agreed == found.sure > count / 4


@pytest.mark.soak
def test_int8_keeps_sure_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECISION", "int8")
    (tmp_path / "pictures").mkdir()
    prepared(NAME, tmp_path / "store")
    found = compared(tmp_path / "store", NAME, write_crops(tmp_path / "pictures", 500, seed=3), "int8", "exact")
    assert found.sure_agreed >= 0.99 * found.sure > 0.99 * 500 / 4


@some_or_many("count", 30, 500)
def test_a_reduced_decode_keeps_sure_answers(model_store: ModelStore, tmp_path: Path, count: int) -> None:
    images = write_crops(tmp_path, count, seed=3, enlarged_px=(500, 1000, 1800))
    found = compared(model_store.root, NAME, images, "f32", "reduced")
    assert {denominator(decoded_px(path), RESIZED_PX) for path in images[:6]} == {2, 4, 8}
    assert found.compared == count
    assert found.largest.difference > 0
    assert found.sure > count / 4
    assert found.sure_agreed >= 0.99 * found.sure
