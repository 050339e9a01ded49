"""A model's golden image in the store."""

from pathlib import Path

from convert.golden import set_golden
from models.manifest import Golden
from models.store import ModelStore
from tests.level_model import level_png, store_level_model


def test_a_second_one_takes_the_place_of_the_first(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    set_golden(model, level_png(4), Golden(file="golden.png", sha256="0" * 64, class_id=1, score=1))
    set_golden(model, b"jpeg", Golden(file="golden.jpg", sha256="1" * 64, class_id=2, score=1))
    stored = ModelStore(tmp_path).open("level")
    assert stored.manifest.golden == Golden(file="golden.jpg", sha256="1" * 64, class_id=2, score=1)
    assert sorted(path.name for path in stored.folder.glob("golden*")) == ["golden.jpg"]
    assert stored.manifest.artifacts == model.manifest.artifacts
