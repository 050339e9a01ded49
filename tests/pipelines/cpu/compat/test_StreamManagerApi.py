"""The vendor's modules by their names: a program written for the SDK runs unchanged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cpu.compat.StreamManagerApi import StreamManagerApi
from tests.level_model import level_png, store_level_model
from tests.pipelines.cpu.pipelines_made import classifying, text_of

ROOT = Path(__file__).parents[4]
PROGRAM = """
from StreamManagerApi import StreamManagerApi, MxDataInput, StringVector
import MxpiDataType_pb2 as MxpiDataType

manager = StreamManagerApi()
assert manager.InitManager() == 0
with open("the.pipeline", "rb") as file:
    assert manager.CreateMultipleStreams(file.read()) == 0
image = MxDataInput()
with open("image.png", "rb") as file:
    image.data = file.read()
unique_id = manager.SendData(b"s", b"appsrc0", image)
assert unique_id == 0
keys = StringVector()
keys.push_back(b"mxpi_tensorinfer0")
found = manager.GetProtobuf(b"s", 0, keys)
tensors = MxpiDataType.MxpiTensorPackageList()
tensors.ParseFromString(found[0].messageBuf)
print(list(tensors.tensorPackageVec[0].tensorVec[0].tensorShape))
manager.SendData(b"s", 0, image)
print(manager.GetResult(b"s", 0).data.decode())
manager.DestroyAllStreams()
"""


def test_a_program_of_the_vendors_kind(tmp_path: Path) -> None:
    model = store_level_model(tmp_path / "store")
    (tmp_path / "the.pipeline").write_bytes(text_of(s=classifying(model)))
    (tmp_path / "image.png").write_bytes(level_png(20))
    (tmp_path / "main.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'pipelines' / 'cpu' / 'compat'}"}
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    shape, result = done.stdout.splitlines()
    assert json.loads(shape) == [1, 64]
    assert json.loads(result)["MxpiClass"][0]["classId"] == 5


@pytest.mark.parametrize(("value", "strict", "race"), [(None, False, False), ("0", False, False), ("1", True, False), ("race", True, True)])
def test_how_strict_it_is(monkeypatch: pytest.MonkeyPatch, value: str | None, strict: bool, race: bool) -> None:
    monkeypatch.delenv("ASCEND_CLASSIFY_STRICT", raising=False)
    if value is not None:
        monkeypatch.setenv("ASCEND_CLASSIFY_STRICT", value)
    options = StreamManagerApi()._options
    assert (options.strict, options.race) == (strict, race)
