"""Which Python loads the SDK's module."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from server.cli.doctor.bindings import check_bindings, versions_bound
from server.cli.doctor.finding import Finding
from server.settings import Settings
from tests.server.cli.doctor.atlas import SDK, Atlas

MODULE = f"{SDK}/python/StreamManagerApi.py"
LIBRARY = f"{SDK}/python/_StreamManagerApi.so"
VERSION = "{}.{}".format(*sys.version_info)


def check(atlas: Atlas, python: Path) -> list[Finding]:
    case = replace(atlas.case(), settings=Settings(engine_python=python, port=0))
    return list(check_bindings(case))


def test_a_module_that_is_imported(atlas: Atlas) -> None:
    assert atlas.found(check_bindings, "ok") == [(f"{sys.executable}, Python {VERSION}, imports {MODULE}", "")]
    atlas.write(LIBRARY, f"\x7fELF libpython{VERSION}.so.1.0".encode())
    assert atlas.found(check_bindings, "ok")[0][0].endswith(f" (it is for Python {VERSION})")


def test_a_module_for_another_python(atlas: Atlas) -> None:
    atlas.write(LIBRARY, b"\x7fELF\0libpython3.7m.so.1.0\0")
    atlas.write(MODULE, "raise ImportError('libpython3.7m.so.1.0: none')\n")
    what = f"{sys.executable}, Python {VERSION}, cannot import {MODULE} (it is for Python 3.7): ImportError: libpython3.7m.so.1.0: none"
    assert atlas.found(check_bindings) == [(what, "Install Python 3.7, then: export ENGINE_PYTHON=/usr/bin/python3.7")]
    atlas.write("/usr/local/python3.7.5/bin/python3.7")
    assert atlas.found(check_bindings) == [(what, "export ENGINE_PYTHON=/usr/local/python3.7.5/bin/python3.7")]


def test_a_module_that_lacks_something(atlas: Atlas) -> None:
    atlas.write(MODULE, "raise ImportError('libmxbase.so: cannot open shared object file')\n")
    ((what, remedy),) = atlas.found(check_bindings)
    assert what.endswith(": ImportError: libmxbase.so: cannot open shared object file")
    assert remedy == f"See what it lacks: ldd {SDK}/python/_StreamManagerApi*.so"


def test_a_python_without_protobuf(atlas: Atlas) -> None:
    atlas.write(MODULE, "raise ModuleNotFoundError(\"No module named 'google'\")\n")
    assert atlas.found(check_bindings)[0][1] == f"{sys.executable} -m pip install protobuf==4.25.1"


def test_a_module_that_crashes(atlas: Atlas) -> None:
    atlas.write(MODULE, "import os\nos.kill(os.getpid(), 9)\n")
    assert atlas.found(check_bindings)[0][0].endswith(f"cannot import {MODULE}: died of signal 9")


def test_no_module(atlas: Atlas) -> None:
    atlas.environment["PYTHONPATH"] = "/elsewhere"
    assert atlas.found(check_bindings) == [("PYTHONPATH leads to no StreamManagerApi", f"source {SDK}/set_env.sh")]


def test_the_named_python_is_the_one(atlas: Atlas) -> None:
    old = atlas.write("/usr/bin/python3.7", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', 0o755)
    (finding,) = check(atlas, old)
    assert (finding.status, finding.what) == ("ok", f"{old}, Python {VERSION}, imports {MODULE}")
    (finding,) = check(atlas, atlas.path("/usr/bin/python3.9"))
    assert finding.what.endswith("cannot be run: [Errno 2] No such file or directory: '{}'".format(atlas.path("/usr/bin/python3.9")))
    assert finding.remedy == "Install Python 3.9, then: export ENGINE_PYTHON=/usr/bin/python3.9"


@pytest.mark.parametrize(
    ("name", "content", "versions"),
    [
        ("_StreamManagerApi.so", b"libpython3.7m.so.1.0", ["3.7"]),
        ("_StreamManagerApi.so", b"libpython3.9.so.1.0 libpython3.10.so.1.0", ["3.9", "3.10"]),
        ("_StreamManagerApi.so", b"", []),
        ("_StreamManagerApi.so", b"no Python is named", []),
        ("_StreamManagerApi.abi3.so", b"libpython3.9.so.1.0", []),
        ("_StreamManagerApi.cpython-37m-x86_64-linux-gnu.so", b"", ["3.7"]),
        ("_StreamManagerApi.cpython-311-x86_64-linux-gnu.so", b"", ["3.11"]),
    ],
)
def test_the_versions_a_library_is_for(atlas: Atlas, name: str, content: bytes, versions: list[str]) -> None:
    atlas.path(LIBRARY).unlink()
    atlas.write(f"{SDK}/python/{name}", content)
    assert versions_bound(atlas.case().machine, Path(MODULE)) == versions
