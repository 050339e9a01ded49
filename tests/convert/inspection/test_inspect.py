import os
from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.inspection import inspect
from models.model_errors import ModelNotFound
from models.store import ModelStore, StoredModel


def test_every_way_to_name_a_thing(small: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.folder.parent.parent)
    store = ModelStore(small.folder.parent)
    kinds = {
        "small": "model small",
        str(small.folder): "model small",
        str(small.folder / "manifest.toml"): "model small",
        str(small.folder / "small.onnx"): "ONNX model",
        str(small.folder / "small.om"): "OM, a model for Ascend",
        str(small.folder / "small.om.json"): "OM, a model for Ascend",
        str(small.folder / "aipp.config"): "AIPP configuration",
        "efficientnet_lite0": "model efficientnet_lite0",
    }
    inspections = {target: inspect(target, store) for target in kinds}
    assert {target: inspection.kind for target, inspection in inspections.items()} == kinds
    assert [inspection for inspection in inspections.values() if not inspection.fits] == []


def test_what_is_nothing(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "m.om.json").write_text('{"om_sha256": ""}')
    os.mkfifo(tmp_path / "pipe")
    for name, message in [
        ("", "no manifest.toml"),
        ("notes.txt", "The kind of .* is unknown"),
        ("m.om.json", "that is not in this folder"),
        ("pipe", "is not a file"),
        ("gone.onnx", "The file .* does not exist"),
    ]:
        with pytest.raises(ConvertError, match=message):
            inspect(str(tmp_path / name), store)
    with pytest.raises(ModelNotFound):
        inspect("vgg", store)
