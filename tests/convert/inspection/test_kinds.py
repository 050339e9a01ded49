from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.inspection import kinds
from convert.inspection.kinds import kind_of


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"IMOD....", "om"),
        (b"\x08\x08\x12\x0fascend-classify", "onnx"),
        (b"PK\x03\x04", "checkpoint"),
        (b"\x80\x02\x8a\x0a", "checkpoint"),
        (b"\x50\0\0\0\0\0\0\0{", "checkpoint"),
        (b"\x08\x02\0\0\0\0\0\0{", "checkpoint"),
        (b"\x0a\x90\x01\x0a\x0cconv1.weight\x12\x7f\x08\x40\x12\x07Float32\x1a\x70\0\0", "checkpoint"),
        (b"# mine\n\n aipp_op{", "aipp"),
        (b' {"stream": {}}', "pipeline"),
        (b'{"om": "m.om", "om_sha256": ""}', "provenance"),
        (b"# a model\nschema_version = 1\n", "manifest"),
    ],
)
def test_the_bytes_tell(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "file.jpg").write_bytes(content)
    assert kind_of(tmp_path / "file.jpg") == kind


@pytest.mark.parametrize("content", [b"", b"notes", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n\0", b"\0" * 70_000])
def test_what_is_not_known(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ConvertError, match=r"The kind of .* is unknown"):
        kind_of(tmp_path / "m.onnx")


@given(st.binary(max_size=100))
def test_any_bytes(content: bytes) -> None:
    assert (kinds._binary(content) or kinds._text(content)) in {
        None,
        "om",
        "onnx",
        "checkpoint",
        "aipp",
        "pipeline",
        "manifest",
        "provenance",
    }
