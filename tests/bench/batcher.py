"""The gear-aware batcher beside fixed delays, on a simulated chip: builds mxbase_cpp/bench and runs it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "bench"


def build_bench(build: Path = BUILD) -> Path:
    """The program, built; it needs cmake and a compiler. Raises CalledProcessError."""
    subprocess.run(["cmake", "-S", str(ROOT / "mxbase_cpp" / "bench"), "-B", str(build)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(build)], check=True, stdout=subprocess.DEVNULL)
    return build / "batcher_bench"


def compare_batchers(seconds: float, model: str = "", seed: int = 1, build: Path = BUILD) -> str:
    """A Markdown table: five batchers at four loads of each model, so many seconds a load. Raises CalledProcessError."""
    command = [str(build_bench(build)), str(seconds), model, str(seed)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
