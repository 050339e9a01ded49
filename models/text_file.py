"""Reads text as people and their tools write it: UTF-8 with or without a byte order mark, any line ends; names another encoding.

Every file that a person may write goes through here: labels, lists, tables, TOML, JSON, `.cfg`.
"""

import codecs
from pathlib import Path

MAX_TEXT_BYTES = 256 * 1024 * 1024

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_SAMPLE_BYTES = 1024


def read_text(path: Path, max_bytes: int = MAX_TEXT_BYTES) -> str:
    r"""The text of a file, its lines ended by `\n`; raises OSError, or ValueError if it is too large or has another encoding."""
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it has more than {max_bytes} bytes")
    return decode_text(content)


def decode_text(content: bytes) -> str:
    r"""UTF-8 as text without its byte order mark, its lines ended by `\n`; raises ValueError that names the encoding or the line."""
    if name := other_encoding(content):
        raise ValueError(f"it is {name}, and UTF-8 is expected: save it as UTF-8, or convert it with iconv -f {name} -t UTF-8")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x}): it may be GBK or Windows-1252, so save it as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_lines(text: str) -> list[str]:
    r"""The lines between `\n`. `str.splitlines` also cuts at characters such as U+2028, and every later line would count one more."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def other_encoding(content: bytes) -> str:
    """The name of an encoding of two or four bytes a character; empty if there is none."""
    if marked := next((name for mark, name in _MARKS if content.startswith(mark)), ""):
        return marked
    sample = content[:_SAMPLE_BYTES]
    pairs = len(sample) // 2
    low, high = (sample[start : 2 * pairs : 2].count(0) for start in (0, 1))
    if pairs > 1 and max(low, high) > pairs // 2 and min(low, high) == 0:
        return "UTF-16BE" if low > high else "UTF-16LE"
    return ""
