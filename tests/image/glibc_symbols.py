"""The glibc that compiled files need, by the versions of the symbols they import (readelf, of binutils)."""

import re
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

GLIBC = re.compile(r"Name: GLIBC_2\.(\d+)")
LIBRARY = re.compile(r"\.so(\.|$)")


def newest_glibc(libraries: Iterable[Path]) -> int:
    """The minor number of the newest glibc 2.x that one of these libraries names; 0 if none names any."""
    needs = [0]
    for library in libraries:
        told = subprocess.run(["readelf", "--wide", "--version-info", library], capture_output=True, text=True, check=True).stdout
        needs += map(int, GLIBC.findall(told))
    return max(needs)


def unpacked_libraries(wheel: Path, folder: Path) -> list[Path]:
    """The shared libraries of a wheel, unpacked into a folder."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if LIBRARY.search(name.rpartition("/")[2])]
        return [Path(archive.extract(name, folder / wheel.stem)) for name in names]
