"""The SDK's workflow from images to a summary: `infer-dir`, by its script too, over the real engine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.task_metric import main as task_metric
from server.errors import EngineFailed
from server.images.file_errors import FileError, NoImages
from server.serving.classify_files import Outcome, list_images, write_results
from server.types import ClassScore, Prediction
from tests.level_model import level_png, store_level_model
from tests.server.cli.command import run
from tests.server.forked_command import ForkedCommand

RUN_SH = Path(__file__).parents[3] / "pipelines" / "run.sh"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Grey pictures of the classes 10, 20 and 30, one damaged file, and one whose name is not that of an image."""
    store_level_model(tmp_path / "store")
    folder = tmp_path / "images"
    folder.mkdir()
    for class_id in (10, 20, 30):
        (folder / f"level.{class_id}.PNG").write_bytes(level_png(4 * class_id))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "val_label.txt").write_text("level.10.PNG 10\nlevel.20 20\nlevel.30.PNG 31\nbroken.jpg 5\n")
    return folder


def test_from_images_to_the_summary(images: Path, tmp_path: Path) -> None:
    results = tmp_path / "result"
    (tmp_path / "result").mkdir()
    (results / "broken_1.txt").write_text("5 \n")  # of an earlier run, and no longer true
    (images / "gone.jpg").symlink_to("nowhere.jpg")
    (images / "deeper").mkdir()
    done = run("infer-dir", images, results, "--model", "level", MODEL_STORE=str(tmp_path / "store"))
    assert (done.returncode, done.stdout) == (1, f"3 results written to {results}, 0 were there, 2 failed\n")
    assert f"{images / 'broken.jpg'}: " in done.stderr
    assert f"{images / 'gone.jpg'}: The file cannot be read: No such file or directory. [bad_request]" in done.stderr
    assert "[undecodable_image]" in done.stderr
    assert done.stderr.splitlines()[2:] == [  # and no bar
        f"1 files of {images} are hidden or not pictures, and are left out",
        f"1 folders in {images} are left out: name each by itself",
    ]
    written = {path.name: path.read_text() for path in results.iterdir()}
    assert written.keys() == {f"level.{class_id}_1.txt" for class_id in (10, 20, 30)}
    ids = written["level.30_1.txt"].removesuffix(" \n").split(" ")
    assert (len(ids), ids[0], {*ids[1:3]}) == (5, "30", {"29", "31"})

    assert task_metric([str(results), str(images / "val_label.txt"), str(tmp_path), "result.json"]) == 0
    values = {row["key"]: row["value"] for row in json.loads((tmp_path / "result.json").read_text())["value"]}
    assert (values["Number of images"], values["Number of classes"]) == ("4", "4")
    assert (values["Top1 accuracy"], values["Top5 accuracy"]) == ("50.00%", "75.00%")


def test_run_sh_finds_the_command_and_passes_everything_on(images: Path, tmp_path: Path) -> None:
    (images / "broken.jpg").unlink()
    (tmp_path / "bin").mkdir()
    (tmp_path / "checkout" / "pipelines").mkdir(parents=True)  # without a .venv beside it, so that the path decides
    script = tmp_path / "checkout" / "pipelines" / "run.sh"
    script.write_bytes(RUN_SH.read_bytes())
    command = tmp_path / "bin" / "ascend-classify"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m server "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(RUN_SH.parents[1]),
        "MODEL": "level",
        "MODEL_STORE": str(tmp_path / "store"),
    }

    def run_sh(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(script), *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    done = run_sh(images, tmp_path / "result", "--top-k", "2")
    assert (done.returncode, done.stdout) == (0, f"3 results written to {tmp_path / 'result'}, 0 were there, 0 failed\n")
    assert (tmp_path / "result" / "level.10_1.txt").read_text() in ("10 9 \n", "10 11 \n")
    (tmp_path / "result" / "level.10_1.txt").write_text("1 \n")
    (tmp_path / "result" / "level.20_1.txt").unlink()
    assert "1 results written" in (resumed := run_sh(images, tmp_path / "result", "--resume").stdout)
    assert "2 were there, 0 failed" in resumed
    assert (tmp_path / "result" / "level.10_1.txt").read_text() == "1 \n"
    assert run_sh(images).returncode == 2


def test_interrupted_and_resumed(images: Path, tmp_path: Path) -> None:
    seed = images / "level.10.PNG"
    for number in range(1500):
        os.link(seed, images / f"{number}.png")
    environment = os.environ | {"MODEL_STORE": str(tmp_path / "store"), "MODEL": "level"}
    process = ForkedCommand(["infer-dir", str(images), str(tmp_path / "result")], environment, None)
    assert process.stderr
    while not any((tmp_path / "result").glob("*_1.txt")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    with process.stderr as errors:
        told = errors.read()
    assert process.wait(30) == 130
    result = tmp_path / "result"
    assert (
        f"interrupted. What is finished is written to {result}. Go on with: ascend-classify infer-dir {images} {result} --resume\n" in told
    )
    assert "Traceback" not in told
    written = len(list(result.iterdir()))
    done = run("infer-dir", images, tmp_path / "result", "--resume", MODEL="level", MODEL_STORE=str(tmp_path / "store"))
    assert f"{written} were there, 1 failed" in done.stdout


@pytest.mark.parametrize(
    ("names", "complaint"), [((), "no image"), (("a.jpg", "a.png"), "same result file"), (("labels.txt", ".jpg.d"), "no image")]
)
def test_folders_that_cannot_be_inferred_are_refused_before_anything_starts(tmp_path: Path, names: tuple[str, ...], complaint: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(FileError, match=complaint):
        list_images(tmp_path)
    with pytest.raises(NoImages, match="not a folder"):
        list_images(tmp_path / "none")


def test_results_are_written_as_they_come(tmp_path: Path) -> None:
    scores = tuple(ClassScore(class_id, "", 0.5) for class_id in (3, 1, 2))
    outcomes: list[Outcome] = [(Path("a.jpg"), Prediction(scores, "fake"))]
    outcomes += [(Path("b.jpg"), EngineFailed("no")), (Path("c.jpg"), EngineFailed("no"))]
    (tmp_path / "b_1.txt").write_text("7 \n")
    written = write_results(iter(outcomes), tmp_path, top_k=2)
    next(written)
    assert (tmp_path / "a_1.txt").read_text() == "3 1 \n"
    assert (tmp_path / "b_1.txt").exists()
    list(written)
    assert [path.name for path in tmp_path.iterdir()] == ["a_1.txt"]
