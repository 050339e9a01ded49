"""Every wheel of the images is there for both architectures, for the stated glibc: by its tag, and by the symbols of its libraries."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.builder import ROOT
from tests.image.glibc_symbols import newest_glibc, unpacked_libraries

STATED = "glibc >= 2."
OLDEST_BASE = int(re.findall(rf"{re.escape(STATED)}(\d+)", (ROOT / "deploy/check_base.sh").read_text("utf-8"))[0])
DEBIAN_12 = 36
CASES = [
    (lock, OLDEST_BASE, machine)
    for lock in ("requirements-ascend.lock", "requirements-grpc.lock", "requirements-image.lock")
    for machine in ("x86_64", "aarch64")
]

needs_readelf = pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is not installed (Debian: binutils)")


def downloaded(lock: str, glibc: int, machine: str, folder: Path) -> list[Path]:
    """The wheels of a lock that pip takes there, each with the sha256 of the lock."""
    platforms = [f"--platform=manylinux2014_{machine}", *(f"--platform=manylinux_2_{minor}_{machine}" for minor in range(5, glibc + 1))]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", *platforms]
    python = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"]
    done = subprocess.run(
        [*command, *python, f"--dest={folder}", f"--requirement={ROOT / lock}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return sorted(folder.glob("*.whl"))


@needs_readelf
@pytest.mark.parametrize(("lock", "glibc", "machine"), [*CASES, ("requirements.lock", DEBIAN_12, "aarch64")])
def test_the_wheels_run_on_the_stated_glibc(lock: str, glibc: int, machine: str, tmp_path: Path) -> None:
    wheels = downloaded(lock, glibc, machine, tmp_path)
    needs = {wheel.name.partition("-")[0]: newest_glibc(unpacked_libraries(wheel, tmp_path)) for wheel in wheels if machine in wheel.name}
    assert needs
    assert {name: minor for name, minor in needs.items() if minor > glibc} == {}
    if lock == "requirements-ascend.lock":
        assert max(needs.values()) == OLDEST_BASE  # else an older base would do
        assert {"numpy", "opencv_python_headless", "pydantic_core"} <= needs.keys()


@needs_readelf
def test_a_library_for_a_newer_glibc_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "newer.c"
    source.write_text('__asm__(".symver fstat, fstat@GLIBC_2.33"); int fstat(int, void *); int use(void) { return fstat(0, 0); }')
    compiler = shutil.which("cc") or pytest.skip("no C compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "newer.so", source], check=True)
    assert newest_glibc([tmp_path / "newer.so"]) == 33


@pytest.mark.smoke
def test_the_ascend_lock_is_a_part_of_the_lock() -> None:
    """The image for Ascend serves the wheels that were tested."""
    whole = (ROOT / "requirements.lock").read_text()
    hashes = [word for word in (ROOT / "requirements-ascend.lock").read_text().split() if word.startswith("--hash=")]
    assert hashes
    assert all(word in whole for word in hashes)


@pytest.mark.smoke
@pytest.mark.parametrize("place", ["Dockerfile.infer", "docs/ascend.md", "docs/containers.md", ".env.example"])
def test_the_same_glibc_is_stated_everywhere(place: str) -> None:
    stated = re.findall(r"glibc (?:>= )?2\.(\d+)", (ROOT / place).read_text("utf-8"))
    assert str(OLDEST_BASE) in stated
