"""The two small files of a classification post-process: `.cfg` and `.names`, read as the vendor reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.manifest import MAX_CLASSES, MAX_TOP_K

_DIGITS = re.compile(r"\s*([+-]?)(\d+)")


@dataclass(frozen=True)
class ClassificationConfig:
    """What Resnet50PostProcess takes from its configuration."""

    classes: int = 0
    softmax: bool = False
    top_k: int = 1

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
