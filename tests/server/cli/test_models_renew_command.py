"""`models renew`, as the command line says when it is needed."""

import re
import shlex
from pathlib import Path

import onnx

from models.store import sha256_of
from tests.level_model import level_png, store_level_model
from tests.server.cli.command import run


def test_weights_in_several_files_become_one(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    path, photo = model.folder / "level.onnx", tmp_path / "level.png"
    photo.write_bytes(level_png(20))
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="level.data", size_threshold=0)
    manifest = (model.folder / "manifest.toml").read_text("utf-8").replace(model.manifest.artifacts[0].sha256, sha256_of(path))
    (model.folder / "manifest.toml").write_text(manifest, "utf-8")
    classify = ("classify", photo, "--model", "level", "--model-store", tmp_path)
    refused = run(*classify)
    assert refused.returncode == 1
    printed = re.search(r"put them into the one file: (ascend-classify .*) \[artifact_damaged\]", refused.stderr)
    assert printed, refused.stderr
    renewed = run(*shlex.split(printed[1])[1:])
    assert renewed.stdout == f"{model.folder} is renewed: all weights are in the one ONNX file of the manifest.\n"
    (model.folder / "level.data").write_bytes(b"")
    assert "level 20" in run(*classify).stdout
    assert run(*shlex.split(printed[1])[1:]).stdout == "level is current: there is nothing to renew.\n"
