"""Names in Chinese: ImageNet's, a model's own, and none."""

from pathlib import Path

import pytest

from models.chinese_names import chinese_names, own_file
from models.model_errors import ArtifactDamaged
from models.store import ZOO, StoredModel
from tests.level_model import store_level_model

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()
LABELS = [f"level {4 * number}" for number in range(64)]


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return store_level_model(tmp_path)


def test_imagenets_classes_have_theirs_however_they_are_spelled(model: StoredModel) -> None:
    names = chinese_names(model, IMAGENET)
    assert [names[class_id] for class_id in (0, 134, 285, 517, 999)] == ["丁鱥", "鹤", "埃及猫", "起重机", "卫生纸"]
    assert len(set(names)) == len(IMAGENET)  # a crane is a bird or a machine, and here they differ
    assert [name for name in names if name != name.strip() or not name] == []
    assert chinese_names(model, [name.partition(",")[0].upper() for name in IMAGENET]) == names


def test_other_labels_have_none(model: StoredModel) -> None:
    assert chinese_names(model, LABELS) == ()
    assert chinese_names(model, sorted(IMAGENET)) == ()


def test_a_model_has_its_own_in_a_file_beside_its_labels(model: StoredModel) -> None:
    own_file(model).write_text("".join(f"灰度 {4 * number}\n" for number in range(64)), "utf-8")
    assert chinese_names(model, LABELS)[22] == "灰度 88"


@pytest.mark.parametrize(("content", "said"), [("灰度\n".encode(), "1 lines for 64 classes"), ("灰度\n".encode("gbk"), "not UTF-8")])
def test_a_file_that_does_not_fit_is_refused(model: StoredModel, content: bytes, said: str) -> None:
    own_file(model).write_bytes(content)
    with pytest.raises(ArtifactDamaged, match=said):
        chinese_names(model, LABELS)
