"""The commands of README and docs that can run here are run, and print what the page shows."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from models.store import ModelStore
from tests.docs.markdown import ROOT, RUN, Block, blocks
from tests.docs.test_chinese import ENGLISH
from tests.server.process import ServerProcess

# The Chinese pages have the same commands.
RUNNABLE = [block for page in ENGLISH for block in blocks(page) if block.language == "bash" and block.words[:1] and block.words[0] in RUN]
TIMEOUT_S = 120

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_store: ModelStore) -> Path:
    """The folder of a reader: the checkout, a prepared model, photos and a labelled set."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("convert", "deploy", "models", "mxbase_cpp", "pipelines", "tests"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(model_store.root, folder / "model_store")
    cat, coffee = (cv2.imread(str(ROOT / "tests" / "photos" / f"{name}.png")) for name in ("cat", "coffee"))
    for place in ("", "images/", "val/images/"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name, photo in (("photo.jpg", coffee), ("one.jpg", cat), ("two.png", coffee)):
            cv2.imwrite(str(folder / place / name), photo)  # type: ignore[arg-type]
    cv2.imwrite(str(folder / "photo.webp"), cat)  # type: ignore[arg-type]
    for place in ("", "val/"):
        (folder / place / "val_label.txt").write_text("photo.jpg 967\none.jpg 285\ntwo.png 967\n")
    with zipfile.ZipFile(folder / "val.zip", "w") as archive:
        for path in (folder / "val").rglob("*.*"):
            archive.write(path, path.relative_to(folder / "val"))
    (folder / "pets/cat").mkdir(parents=True)
    (folder / "pets/dog").mkdir()
    for name in ("pets/cat/one.jpg", "pets/dog/two.jpg"):
        cv2.imwrite(str(folder / name), cat)  # type: ignore[arg-type]
    with zipfile.ZipFile(folder / "pets.zip", "w") as archive:
        for path in (folder / "pets").rglob("*.jpg"):
            archive.write(path, path.relative_to(folder))
    (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    """The server that localhost:8000 stands for."""
    with ServerProcess(cwd=folder, model_store=folder / "model_store", evaluation_roots=f"val={folder / 'val'}") as server:
        yield server


def expected_output(block: Block) -> Block | None:
    """The block that shows what this one prints."""
    following = [other for other in blocks(block.page) if other.line > block.line]
    return following[0] if following and following[0].words == ("prints",) else None


def agrees(shown: Any, real: Any) -> bool:
    """Texts may be shown as "..."; scores may differ a little between processors, times are what they are."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(key == "timing_ms" or agrees(shown[key], real[key]) for key in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(agrees, shown, real))
    if isinstance(shown, float):
        return isinstance(real, float) and abs(shown - real) < 0.005
    return type(shown) is type(real) and shown in ("...", real)


def prints(output: Block, printed: str) -> bool:
    """JSON by its values; other texts line by line, with ... for anything."""
    if output.language == "json":
        return agrees(json.loads(output.text), json.loads(printed))
    pattern = ".*?".join(re.escape(part) for part in output.text.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.place)
def test_a_block_runs_and_prints_what_is_shown(block: Block, folder: Path, request: pytest.FixtureRequest) -> None:
    text = block.text
    if block.words[0] == "server":
        host, port = request.getfixturevalue("server").address
        text = text.replace("localhost:8000", f"{host}:{port}")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "CURL_HOME": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode != 0) == ("refused" in block.words), done.stdout + done.stderr
    if output := expected_output(block):
        assert prints(output, done.stdout), done.stdout


def test_another_output_is_noticed() -> None:
    page = ROOT / "README.md"
    shown = Block(page, 1, "json", ("prints",), '{"a": [1, 0.5], "b": "...", "timing_ms": {"c": 1.0}}')
    assert prints(shown, '{"a": [1, 0.501], "b": "x", "timing_ms": {"d": 2.0}}')
    for wrong in (
        '{"a": [1, 0.6], "b": "x", "timing_ms": {}}',
        '{"a": [2, 0.5], "b": "x", "timing_ms": {}}',
        '{"a": [1, 0.5], "b": 1, "timing_ms": {}}',
    ):
        assert not prints(shown, wrong)
    assert prints(Block(page, 1, "text", ("prints",), "one ... three\n...\n"), "one two three\nfour\n")
    assert not prints(Block(page, 1, "text", ("prints",), "one\n"), "one\ntwo\n")


def test_readme_and_most_pages_are_run() -> None:
    assert {"README.md", "quickstart.md", "api.md", "evaluate.md", "models.md", "convert.md"} <= {block.page.name for block in RUNNABLE}
