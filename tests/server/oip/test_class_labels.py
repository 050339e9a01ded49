"""The labels of a model are read once."""

from pathlib import Path

from server.oip.class_labels import labels_of
from tests.level_model import store_level_model


def test_they_are_read_once(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    assert labels_of(model)[22] == "level 88"
    (model.folder / model.manifest.labels).unlink()
    assert len(labels_of(model)) == 64
