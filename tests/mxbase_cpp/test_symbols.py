"""The classifier takes only known functions from the vendor, by the symbols of its object files."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "build/mxclassify/libclassifier.a"


@pytest.fixture(scope="module")
def symbols() -> list[str]:
    if not LIBRARY.is_file():
        pytest.skip("make mxbase builds it")
    printed = subprocess.run(["nm", "-uC", str(LIBRARY)], check=True, capture_output=True, text=True).stdout
    return [line.split(" U ")[1] for line in printed.splitlines() if " U " in line]


def test_it_knows_mxbase_and_opencv_and_nothing_of_what_runs_the_model(symbols: list[str]) -> None:
    assert any(symbol.startswith("MxBase::") for symbol in symbols)
    assert any(symbol.startswith("cv::") for symbol in symbols)
    assert [symbol for symbol in symbols if symbol.startswith(("ov::", "MxCpu::"))] == []


def test_every_symbol_of_the_vendor_is_in_the_list(symbols: list[str]) -> None:
    listed = (ROOT / "mxbase_cpp/VENDOR_API.md").read_text("utf-8")
    used = {match[1] for symbol in symbols if (match := re.match(r"(?:vtable for )?MxBase::(\w+(?:::\w+)?)", symbol))}
    assert len(used) > 10
    assert sorted(name for name in used if f"`{name}" not in listed) == []
