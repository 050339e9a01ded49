"""The header of an OM."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convert.atc.om import OmHeader, read_om_header
from convert.conversion_errors import OmInvalid
from tests.convert.atc.standin_atc import om_file


@pytest.fixture
def om(tmp_path: Path) -> Path:
    return tmp_path / "m.om"


def test_the_header_is_read(om: Path) -> None:
    om.write_bytes(om_file(b"model"))
    assert read_om_header(om) == OmHeader(0x10000000, 5, "IR", "resnext", 0, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not an OM"),
        (om_file(b"")[:255], "is not an OM"),
        (om_file(b"model", magic=b"ONNX"), "is not an OM"),
        (om_file(b"model")[:-1], "announces 5 bytes, but 4 follow"),
        (om_file(b"model") + b"!", "announces 5 bytes, but 6 follow"),
        (om_file(b""), "announces 0 bytes, but 0 follow"),
        (om_file(b"model", encrypted=1), "encrypted"),
        (om_file(b"model").replace(b"\0\1\0\0", b"\0\2\0\0", 1), "512 bytes"),
    ],
)
def test_what_is_no_om_is_refused(om: Path, content: bytes, told: str) -> None:
    om.write_bytes(content)
    with pytest.raises(OmInvalid, match=told):
        read_om_header(om)


def test_a_length_that_is_kept_elsewhere_is_only_warned_of(om: Path) -> None:
    om.write_bytes(om_file(b"model", promised=0))
    assert "could not be checked" in read_om_header(om).warnings[0]


def test_a_file_that_is_not_there(om: Path) -> None:
    with pytest.raises(OmInvalid, match="cannot be read"):
        read_om_header(om)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), begin=st.integers(0, 256))
def test_any_bytes_are_an_om_or_are_refused(om: Path, content: bytes, begin: int) -> None:
    om.write_bytes(om_file(b"model")[:begin] + content)
    try:
        header = read_om_header(om)
    except OmInvalid:
        return
    assert header.length_bytes == om.stat().st_size - 256 > 0
