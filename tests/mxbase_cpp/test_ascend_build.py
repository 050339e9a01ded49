"""The build against the vendor's SDK, on a stand-in for it: our cpu_sdk, laid out and compiled (old string ABI) as an SDK is.

It cannot run: Debian's OpenCV has the new ABI. But every line of cmake/ascend.cmake is executed, and what the linker will look for in
the vendor's libraries is what it was when the sources were compiled against the vendor's headers (VENDOR_API.md).
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest

ROOT = Path(__file__).parents[2] / "mxbase_cpp"
CPU_SDK = ROOT / "cpu_sdk"
POST_PROCESS = ("post_config", "resnet50_post_process", "table_softmax")
RUNS_THE_MODEL = "compiled_model"  # it has nothing of MxBase, and takes longest to compile
OLD_ABI = "-D_GLIBCXX_USE_CXX11_ABI=0"
OPENCV = Path("/usr/include/opencv4")


def run(*command: object, **changes: str) -> str:
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True, env=os.environ | changes)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def library(path: Path, include: Path, *sources: Path) -> None:
    """The symbols of OpenVINO stay undefined: nothing is run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (openvino,) = find_spec("openvino").submodule_search_locations or []  # type: ignore[union-attr]
    headers = [f"-isystem{openvino}/include", f"-I{include}", f"-I{include}/MxBase/postprocess/include"]
    run("c++", "-std=c++17", "-shared", "-fPIC", OLD_ABI, *headers, "-o", path, "-xc++", *sources)


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sdk")
    include = home / "include"
    copytree(CPU_SDK / "include", include)
    copytree(CPU_SDK / "api_7_3", include, dirs_exist_ok=True)
    (home / "opensource/include").mkdir(parents=True)
    (home / "opensource/include/opencv4").symlink_to(OPENCV)
    sources = [source for source in sorted((CPU_SDK / "src").glob("*.cpp")) if source.stem != RUNS_THE_MODEL]
    library(home / "lib/modelpostprocessors/libresnet50postprocess.so", include, *(one for one in sources if one.stem in POST_PROCESS))
    library(home / "lib/libmxbase.so", include, *(one for one in sources if one.stem not in POST_PROCESS))
    for name in ("glog", "opencv_world"):
        library(home / f"opensource/lib/lib{name}.so", include, Path(os.devnull))
    return home


@pytest.fixture(scope="module")
def built(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build's folder, with what is installed under `installed`."""
    build = tmp_path_factory.mktemp("build")
    python = f"-DPython_EXECUTABLE={sys.executable}"
    settings = ("-DMX_RUNTIME=ascend", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_UNITY_BUILD=ON", python)
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", *settings, MX_SDK_HOME=str(sdk), ASCEND_HOME_PATH=str(sdk / "cann"))
    run("cmake", "--build", build)
    run("cmake", "--install", build, "--prefix", build / "installed")
    return build


def wanted(path: Path, *options: str) -> set[str]:
    """The functions of MxBase that it wants or, with --defined-only, has."""
    printed = run("nm", "-C", *options, path)
    return {match[1] for line in printed.splitlines() if (match := re.match(r"[0-9a-f ]+ [TUW] (MxBase::.*)", line))}


def test_the_linker_looks_for_what_the_vendor_s_headers_declare(built: Path) -> None:
    listed = re.search(r"```text\n(.*?)```", (ROOT / "VENDOR_API.md").read_text("utf-8"), re.DOTALL)
    assert listed
    assert sorted(wanted(built / "libclassifier.a", "-u")) == sorted(listed[1].splitlines())


def test_what_is_linked_asks_for_the_old_abi_and_finds_it(sdk: Path, built: Path) -> None:
    (module,) = (built / "installed/mxclassify").glob("_mxclassify*.so")
    had = wanted(sdk / "lib/libmxbase.so", "--defined-only") | wanted(
        sdk / "lib/modelpostprocessors/libresnet50postprocess.so", "--defined-only"
    )
    assert len(wanted(module, "-u")) > 10
    assert wanted(module, "-u") <= had
    assert not [symbol for symbol in wanted(module, "-u") if "__cxx11" in symbol]


def test_it_finds_the_sdk_when_it_is_loaded(sdk: Path, built: Path) -> None:
    (module,) = (built / "installed/mxclassify").glob("_mxclassify*.so")
    dynamic = run("readelf", "-dW", module)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)]", dynamic))
    assert {"libmxbase.so", "libresnet50postprocess.so", "libglog.so", "libopencv_world.so"} <= needed
    (path,) = re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)]", dynamic)
    folders = ("lib", "lib/modelpostprocessors", "opensource/lib", "opensource/lib64")
    assert path.split(":") == [str(sdk / folder) for folder in folders]
    assert "BIND_NOW" in dynamic
    assert "GNU_RELRO" in run("readelf", "-lW", module)


def test_without_an_sdk_it_says_what_to_do(tmp_path: Path) -> None:
    configure = ("cmake", "-S", ROOT, "-B", tmp_path / "build", "-DMX_RUNTIME=ascend", f"-DMX_SDK_HOME={tmp_path}")
    done = subprocess.run(configure, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "holds no include/MxBase: source the" in " ".join(done.stderr.split())
