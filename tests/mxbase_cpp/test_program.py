"""The seed's program, built by build.sh and run as a person runs it."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import ModelStore, StoredModel
from pipelines.result_files import read_results
from tests.server.cli.command import run as run_cli

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "mxbase_cpp"
METRIC = ROOT / "pipelines" / "classification_task_metric.py"


@pytest.fixture(scope="session")
def program() -> Path:
    environment = {name: value for name, value in os.environ.items() if name != "MX_SDK_HOME"}
    done = subprocess.run([SCRIPTS / "build.sh", "-DCMAKE_UNITY_BUILD=ON"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    built = Path(done.stdout.splitlines()[-1].removesuffix(" is built"))
    assert built.name == "resnext101"
    return built


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    from convert.prepare import prepare

    store = ModelStore(tmp_path_factory.mktemp("digits_store"))
    return prepare("resnext_digits", store)


@pytest.fixture
def images(digits: StoredModel) -> Path:
    return digits.folder / "evaluation" / "mixed" / "images"


@pytest.fixture
def config(digits: StoredModel, tmp_path: Path) -> Path:
    path = tmp_path / "classifier.json"
    assert run_cli("models", "classifier-config", "resnext_digits", "-o", path, "--model-store", digits.folder.parent).returncode == 0
    return path


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def many_images(folder: Path, images: Path, times: int) -> Path:
    folder.mkdir()
    for image in images.iterdir():
        for number in range(times):
            (folder / f"{image.stem}_{number}.png").hardlink_to(image)
    return folder


@pytest.mark.usefixtures("program")
def test_the_seed_s_workflow(digits: StoredModel, images: Path, tmp_path: Path) -> None:
    """run.sh and classification_task_metric.py give the accuracy that `evaluate` gives."""
    store = {"MODEL": "resnext_digits", "MODEL_STORE": str(digits.folder.parent)}
    done = run(SCRIPTS / "run.sh", images, cwd=tmp_path, **store)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"359 results written to result, 0 were there, 0 failed\n[0-9.]+ images/s, [0-9.]+ s\n", done.stdout)
    labels = images.parent / "val_label.txt"
    metric = run(sys.executable, METRIC, "result", labels, ".", "result.json", cwd=tmp_path)
    assert (metric.returncode, metric.stderr) == (0, "")
    evaluated = run(
        sys.executable, "-m", "server", "evaluate", images, "--labels", labels, "--summary", "summary.json", cwd=tmp_path, **store
    )
    assert evaluated.returncode == 0, evaluated.stderr
    summary = json.loads((tmp_path / "result.json").read_text())
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert {"key": "Top1 accuracy", "value": "99.16%"} in summary["value"]


# The README's, in place of the seed's create_imagenet2012_label.py.
LABELS = 'n=0; for class in */; do for image in "$class"*; do echo "${image##*/} $n"; done; n=$((n + 1)); done'


def test_class_folders_as_the_seed_s_run_infer_310_takes_them(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    classes = images.parent / "classes"
    (tmp_path / "val_label.txt").write_text(run("sh", "-c", LABELS, cwd=classes).stdout)
    assert run(program, classes, "--config", config, cwd=tmp_path).returncode == 0
    metric = run(sys.executable, METRIC, "result", "val_label.txt", ".", "result.json", cwd=tmp_path)
    assert (metric.returncode, metric.stderr) == (0, "")
    assert {"key": "Top1 accuracy", "value": "99.16%"} in json.loads((tmp_path / "result.json").read_text())["value"]


def test_failed_images_are_counted_and_named(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    folder = many_images(tmp_path / "images", images, 1)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    (folder / "empty.bmp").touch()
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "broken_1.txt").write_text("7 \n")  # of an earlier run
    done = run(program, folder, "--config", config, "--top_k", "1", "--lanes=3", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("359 results written to result, 0 were there, 2 failed\n")
    assert sorted(line.partition(":")[0] for line in done.stderr.splitlines()) == [f"{folder}/broken.jpg", f"{folder}/empty.bmp"]
    results = read_results(tmp_path / "result")
    assert len(results) == 359
    assert {len(ids) for ids in results.values()} == {1}
    again = run(program, folder, "--config", config, "--resume", cwd=tmp_path)
    assert (again.returncode, again.stdout.splitlines()[0]) == (1, "0 results written to result, 359 were there, 2 failed")


def test_ctrl_c_leaves_what_is_finished(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    folder, count = many_images(tmp_path / "images", images, 15), 359 * 15
    with subprocess.Popen([program, folder, "--config", config], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        while not list(tmp_path.glob("result/*_1.txt")):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    left = re.fullmatch(r"interrupted: (\d+) images are left; --resume goes on\n", told)
    assert left
    assert 0 < len(read_results(tmp_path / "result")) == count - int(left[1]) < count
    assert list(tmp_path.glob("result/.*")) == []
    done = run(program, folder, "--config", config, "--resume", cwd=tmp_path)
    assert done.stdout.startswith(f"{left[1]} results written to result, {count - int(left[1])} were there, 0 failed\n")
    assert len(read_results(tmp_path / "result")) == count


def on_a_terminal(command: list[str | Path], cwd: Path) -> str:
    """The text that a command writes to standard error when that is a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=its) as running:
        os.close(its)
        written = b"".join(chunks(ours))
    os.close(ours)
    assert running.returncode == 0
    return written.decode()


def chunks(descriptor: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(descriptor, 4096):
            yield chunk
    except OSError:  # EIO: nobody has the other end any more
        return


def test_a_terminal_sees_one_line_that_moves(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    folder = many_images(tmp_path / "images", images, 10)
    shown = on_a_terminal([program, folder, "--config", config], tmp_path)
    assert re.search(r"\r\x1b\[K\d+ of 3590 images, 0 failed, [0-9.]+ images/s", shown)
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[K")


def test_what_cannot_be_is_refused(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    assert run(program, "--help", cwd=tmp_path).stdout.startswith("usage: resnext101 IMAGES")
    wrong = run(program, images, "--fast", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (2, "error: there is no flag --fast; --help tells more\n")
    for arguments, told in (
        ((images,), "classifier.json cannot be read"),
        ((tmp_path / "none", "--config", config), "is not a folder"),
        ((images, "--config", config, "--device", "7"), "device 7 cannot be used"),
        ((images, "--config", config, "--model", "missing.om"), "model missing.om cannot be loaded"),
        ((images, "--config", config, "--result", "/proc/none"), "/proc/none"),
    ):
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        done = run(program, *arguments, cwd=tmp_path / "elsewhere")
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_results_that_cannot_be_written_end_the_run(program: Path, config: Path, images: Path, tmp_path: Path) -> None:
    for image in images.iterdir():
        (tmp_path / "result" / f".{image.stem}_1.txt.part").mkdir(parents=True)
    done = run(program, images, "--config", config, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("_1.txt cannot be written\n")


def test_there_is_one_tbb(program: Path, tmp_path: Path) -> None:
    """Debian's OpenCV wants one too; it gets OpenVINO's."""
    loaded = run("ldd", program, cwd=tmp_path).stdout
    assert re.findall(r"libtbb\.so\.12 => (\S+)", loaded)[0].endswith("/openvino/libs/libtbb.so.12")


def test_an_sdk_that_is_none(tmp_path: Path) -> None:
    done = run(SCRIPTS / "build.sh", cwd=tmp_path, MX_SDK_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "holds no include/MxBase" in " ".join(done.stderr.split())  # CMake wraps lines


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_the_scripts_are_clean(tmp_path: Path) -> None:
    assert run("shellcheck", SCRIPTS / "build.sh", SCRIPTS / "run.sh", cwd=tmp_path).stdout == ""
