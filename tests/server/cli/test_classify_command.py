"""`classify`."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.level_model import REDUCED_CLASS, WHOLE_CLASS, comb, level_png, store_level_model
from tests.server.cli.command import run, run_process
from tests.server.process import ServerProcess

PHOTOS = Path(__file__).parents[2] / "photos"


def test_classify_prints_the_classes(model_store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "no image.txt").write_text("text")
    done = run_process("classify", PHOTOS / "cat.png", tmp_path / "no image.txt", PHOTOS / "coffee.png", "--model-store", model_store.root)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1].split(maxsplit=2) == ["0.7847", "285", "Egyptian cat"]
    assert "[unsupported_image]" in lines[7]
    assert lines[9].split(maxsplit=2) == ["0.9166", "967", "espresso"]


def test_classify_prints_json(tmp_path: Path) -> None:
    """More images than the window has room for."""
    store_level_model(tmp_path / "store")
    (tmp_path / "1.png").write_bytes(level_png(40))
    done = run("classify", "--json", "--top-k", "1", *[tmp_path / "1.png"] * 100, MODEL="level", MODEL_STORE=str(tmp_path / "store"))
    assert done.returncode == 0
    answers = [json.loads(line)["predictions"] for line in done.stdout.splitlines()]
    assert answers == [[{"class_id": 10, "label": "level 40", "score": pytest.approx(1, abs=1e-5)}]] * 100


def test_a_folder_by_a_running_server_as_csv(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "set/deep").mkdir(parents=True)
    (tmp_path / "set/a").write_bytes(level_png(40))
    (tmp_path / "set/deep/b.png").write_bytes(level_png(80))
    (tmp_path / "set/deep/c.jpg").write_bytes(b"text")
    (tmp_path / "set/notes.txt").write_bytes(b"text")
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfsecret\r\n")
    arguments = ["classify", tmp_path / "set", "--csv", "--top-k", 1]
    here = run(*arguments, MODEL="level", MODEL_STORE=str(tmp_path / "store"))
    with ServerProcess(model_store=tmp_path / "store", model="level", api_key="secret") as server:
        remote = run(*arguments, "--url", f"{server.url}/", "--api-key-file", tmp_path / "key")
    for done in (here, remote):
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [(Path(row["image"]).name, row["class_id"], row["label"]) for row in rows] == [
            ("a", "10", "level 40"), ("b.png", "20", "level 80"), ("c.jpg", "", ""),
        ]  # fmt: skip
        assert done.returncode == 1
        assert "none of the known image types" in rows[2]["error"]
        assert done.stderr.startswith("1 hidden files, files that are not pictures, and links to folders are left out: ")


@pytest.mark.parametrize("flags", [["--csv", "--json"], ["--url", "http://x", "--model", "level"]])
def test_flags_that_exclude_each_other(flags: list[str]) -> None:
    assert run("classify", PHOTOS / "cat.png", *flags).returncode == 2


def test_a_terminal_that_cannot_show_a_name_gets_its_escape(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "set").mkdir()
    for name in ("猫é.png", os.fsdecode(b"\xff.png")):
        (tmp_path / "set" / name).write_bytes(level_png(40))
    environment = {"MODEL": "level", "MODEL_STORE": str(tmp_path / "store"), "PYTHONIOENCODING": "latin-1", "COLUMNS": "140"}
    command = [sys.executable, "-m", "server", "classify", str(tmp_path / "set"), "--top-k", "1"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = [line.rpartition(b"/")[2] for line in done.stdout.splitlines() if b".png" in line]
    assert shown == [b"\\u732b\xe9.png", b"\\udcff.png"]


def test_a_large_jpeg_is_decoded_as_the_option_says(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "comb.jpg").write_bytes(comb())
    (tmp_path / "comb.png").write_bytes(comb(".png"))
    for options, expected in (((), [WHOLE_CLASS, WHOLE_CLASS]), (("--decode", "reduced"), [REDUCED_CLASS, WHOLE_CLASS])):
        done = run("classify", tmp_path, "--json", *options, MODEL="level", MODEL_STORE=str(tmp_path / "store"))
        assert [json.loads(line)["predictions"][0]["class_id"] for line in done.stdout.splitlines()] == expected
    refused = run("classify", tmp_path, "--decode", "reduced", "--url", "http://localhost:1")
    assert refused.returncode == 2
    assert "a server decodes as its own setting says" in refused.stderr
