"""The two small files of a classification post-process: `.cfg` and `.names`, read as the vendor reads them."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.post_process_bounds import MAX_CLASSES, MAX_TOP_K
from models.text_file import other_encoding

MAX_LINES = 100_000
MAX_LINE_BYTES = 9999

_SPACES = " \t\n\v\f\r"  # C skips these characters before a value
_NUMBER = re.compile(rf"[{_SPACES}]*([+-]?)0*([0-9]*)")
_DIGIT = re.compile(rf"[{_SPACES}]*[+-]?[0-9]")
_UINT32_VALUES = 2**32
_REFUSED = re.compile("[\n\f\r\b\t\v\x7f]|  ")


@dataclass(frozen=True)
class ClassificationConfig:
    """The values that Resnet50PostProcess reads from its configuration."""

    classes: int = 0
    softmax: bool = False
    top_k: int = 1

    @classmethod
    def of(cls, content: object, path: str) -> Self:
        """The configuration of an element: `content` (an object of texts, or such an object as JSON) goes before the file at `path`.

        Without both, every value has its default. Raises ValueError with a message that names the property.
        """
        if content != "":
            return cls.from_values(_texts_of(content))
        if not path:
            return cls()
        return cls.read(plain_file("postProcessConfigPath", path))

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> Self:
        """Make a configuration from texts. As with the vendor, values out of range are clamped; unreadable values become the default."""
        return cls(
            classes=_clamped(values.get("CLASS_NUM"), 0, MAX_CLASSES),
            softmax=values.get("SOFTMAX", "").lower().lstrip(_SPACES).startswith("true"),
            top_k=_clamped(values.get("TOP_K"), 1, MAX_TOP_K),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a `.cfg` file of `key=value` lines. A `#` begins a comment. The first of several equal keys counts.

        Only blanks around a key are removed, so a key after a tab is a different key. Raises ValueError for a file that is too large.
        """
        values: dict[str, str] = {}
        for line in _lines(path):
            if len(line) > MAX_LINE_BYTES:
                raise ValueError(f"{path} has a line of more than {MAX_LINE_BYTES} bytes")
            text = line.partition(b"\0")[0].partition(b"#")[0].decode("utf-8", errors="replace")
            key, separator, value = text.partition("=")
            if separator:
                values.setdefault(key.strip(" "), value.strip(" "))
        return cls.from_values(values)


def plain_file(prop: str, path: str) -> Path:
    """Return the path if it leads to a file and is not itself a symbolic link; raises ValueError that names the property."""
    file = Path(path)
    if file.is_symlink():
        raise ValueError(f"{prop} {path!r} is a symbolic link, which the vendor's engine refuses")
    if not file.is_file():
        raise ValueError(f"{prop} {path!r} is not a file")
    return file


def _lines(path: Path) -> list[bytes]:
    content = path.read_bytes()
    if name := other_encoding(content):
        raise ValueError(f"{path}: it is {name}, and UTF-8 is expected")
    lines = content.removeprefix(BOM_UTF8).split(b"\n")  # the vendor takes a mark for a part of the first key or label
    if not lines[-1]:
        lines.pop()
    if len(lines) > MAX_LINES + 1:
        raise ValueError(f"{path} has more than {MAX_LINES} lines")
    return lines


def _texts_of(content: object) -> Mapping[str, str]:
    try:
        values = json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError) as error:
        raise ValueError(f"postProcessConfigContent is not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ValueError('postProcessConfigContent must be an object of texts, as {"CLASS_NUM": "1000"}')
    if any(_REFUSED.search(text) for item in values.items() for text in item):
        raise ValueError("postProcessConfigContent holds a control character or two spaces in a row")
    return values


def _clamped(text: str | None, default: int, high: int) -> int:
    """Read a C++ unsigned from the start of a text ("2.7" is 2). A number beyond 32 bits is unreadable; a negative number wraps around."""
    match = _NUMBER.match(text or "")
    if match is None or not _DIGIT.match(text or ""):
        return default
    digits = match[2] or "0"
    if len(digits) > len(str(_UINT32_VALUES)) or int(digits) >= _UINT32_VALUES:
        return default
    value = -int(digits) % _UINT32_VALUES if match[1] == "-" else int(digits)
    return min(value, high)


def read_labels(path: Path, *, strict: bool = False) -> list[str]:
    """Read a `.names`: the line number is the class id.

    Before the first label, the reader skips lines whose first or second character is `#`, except a line that is only `#`. An empty
    line is a label. Bytes that are not UTF-8 are replaced; with `strict` such a label becomes empty, as in the vendor's JSON.
    Raises ValueError for a file that is too large.
    """
    labels: list[str] = []
    for line in _lines(path):
        if not labels and 0 <= line.find(b"#") <= 1 and len(line) != 1:
            continue
        label = line.rstrip(b"\r\t") or line  # a label of such characters only keeps them
        try:
            labels.append(label.decode())
        except UnicodeDecodeError:
            labels.append("" if strict else label.decode(errors="replace"))
    return labels
