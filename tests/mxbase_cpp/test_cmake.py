"""CMake refuses the options of former and unknown runtimes, and says what is not installed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2] / "mxbase_cpp"


def configure(build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ("cmake", "-S", str(ROOT), "-B", str(build), "-DMX_MODULE=OFF", f"-DPython_EXECUTABLE={sys.executable}", *options)
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_former_runtime_names_the_new_one(tmp_path: Path) -> None:
    refused = configure(tmp_path, "-DMX_RUNTIME=host")
    assert refused.returncode != 0
    assert "The runtime host is now called cpu. Build with -DMX_RUNTIME=cpu" in " ".join(refused.stderr.split())
    mended = configure(tmp_path, "-DMX_RUNTIME=cpu")  # in the same folder, whose cache has the former word
    assert mended.returncode == 0, mended.stderr


def test_a_runtime_that_there_is_not(tmp_path: Path) -> None:
    refused = configure(tmp_path, "-DMX_RUNTIME=gpu")
    assert "MX_RUNTIME is cpu or ascend, not gpu" in " ".join(refused.stderr.split())


def test_without_opencv_it_says_what_to_install(tmp_path: Path) -> None:
    nowhere = "-DCMAKE_FIND_ROOT_PATH=/nowhere"
    refused = configure(tmp_path, nowhere, "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY")
    words = "OpenCV is not installed (apt install libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev)"
    assert words in " ".join(refused.stderr.split())
