"""The two small files of a classification post-process: `.cfg` and `.names`, read as the vendor reads them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.manifest import MAX_CLASSES, MAX_TOP_K

_DIGITS = re.compile(r"\s*([+-]?)0*([0-9]{1,9})")


@dataclass(frozen=True)
class ClassificationConfig:
    """What Resnet50PostProcess takes from its configuration."""

    classes: int = 0
    softmax: bool = False
    top_k: int = 1

    @classmethod
    def of(cls, content: object, path: str) -> Self:
        """What an element was given: `content` (an object of texts, or one written as JSON) goes before the file at `path`.

        Neither gives the defaults. Raises ValueError in words that name the property.
        """
        if content:
            return cls.from_values(_texts_of(content))
        if not path:
            return cls()
        if not Path(path).is_file():
            raise ValueError(f"postProcessConfigPath {path!r} is not a file")
        return cls.read(Path(path))

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> Self:
        """Values out of range are clamped and unreadable ones give the default, both without an error, as the vendor does."""
        return cls(
            classes=_clamped(values.get("CLASS_NUM"), 0, MAX_CLASSES),
            softmax=values.get("SOFTMAX", "").lower() == "true",
            top_k=_clamped(values.get("TOP_K"), 1, MAX_TOP_K),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a `.cfg`: `key=value` lines, `#` comments, the first of equal keys wins."""
        values: dict[str, str] = {}
        for line in path.read_text("utf-8", errors="replace").splitlines():
            key, separator, value = line.strip().partition("=")
            if separator and not key.startswith("#"):
                values.setdefault(key.strip(), value.strip())
        return cls.from_values(values)


def _texts_of(content: object) -> Mapping[str, str]:
    try:
        values = json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError) as error:
        raise ValueError(f"postProcessConfigContent is not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ValueError('postProcessConfigContent must be an object of texts, as {"CLASS_NUM": "1000"}')
    return values


def _clamped(text: str | None, default: int, high: int) -> int:
    """Numbers are read by prefix ("2.7" is 2); a negative one is read as a huge unsigned one, so it clamps to the top."""
    match = _DIGITS.match(text or "")
    if match is None:
        return default
    return high if match[1] == "-" and int(match[2]) else min(int(match[2]), high)


def read_labels(path: Path) -> list[str]:
    """Read a `.names`: the line number is the class id; `#` lines count only after the first label; an empty line is a label."""
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return [line.rstrip("\r \t") for line in lines[first:]]
