import pytest

from convert.networks.escaped_names import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer1.0.conv1.weight", "layer1.0.conv1.weight"),
        ("网络 ü", "网络 ü"),
        ("分类\u3000模型\u00a01.onnx", "分类\u3000模型\u00a01.onnx"),
        ("a\x1b[2Jb\nc", "a\\x1b[2Jb\\nc"),
        ("net\udcff.onnx", "net\\udcff.onnx"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
    ],
)
def test_what_cannot_be_printed_becomes_an_escape(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped(text).encode()
