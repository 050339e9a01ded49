"""Text cannot break out of its line, nor steer a terminal."""

import pytest

from models.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("POST /classify 200", "POST /classify 200"),
        ("分类\u3000模型\u00a01.onnx", "分类\u3000模型\u00a01.onnx"),  # blanks of other writing systems are part of names
        ('埃及猫 ü é 😀 \\n "', '埃及猫 ü é 😀 \\n "'),
        ("a\nb\r\tc\x00", "a\\u000ab\\u000d\\u0009c\\u0000"),
        ("\x1b[31mred\x9b0m\x7f", "\\u001b[31mred\\u009b0m\\u007f"),
        ("line\u2028paragraph\u2029next\x85", "line\\u2028paragraph\\u2029next\\u0085"),
        ("\u202egnp.exe\ud800", "\\u202egnp.exe\\ud800"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert printable(text) == shown
