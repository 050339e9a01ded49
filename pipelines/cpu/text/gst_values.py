"""Property values as GStreamer reads them from the texts of a pipeline.

The rules are those of gst_value_deserialize (GStreamer 1.20) and of the engine's check after it (MxsmElement). Rules that
look too lenient here, such as octal numbers or unsigned numbers that wrap around, are the rules of the vendor's engine.
"""

import json
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field

PropertyValue = int | float | str | Mapping[str, object]

_INTEGER = re.compile(r"[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")  # base 0 of strtoull
_FLOAT = re.compile(
    r"[ \t-\r]*([+-]?)(?:(nan)|(0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?))",
    re.IGNORECASE,
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\[0-3][0-7]{2}|\\[^0-3])*)"', re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_BYTE_ORDERS = {"little_endian": 1234, "big_endian": 4321, "byte_order": 1234}
_TRUTHS = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}
_MAX_UINT64 = 2**64 - 1
_LONGEST = 22  # digits of a 64-bit number in octal
_LARGEST = 3.4028234663852886e38


def written(value: object) -> str:
    """The text of a JSON value as the engine passes it on: the text itself, or an object as compact JSON; raises ValueError."""
    if isinstance(value, str):
        return value.partition("\0")[0]  # the engine passes it as a C string
    if isinstance(value, dict):
        try:
            return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error
    raise ValueError(f"must be a text in quotes, not {reprlib.repr(value)}")


@dataclass(frozen=True)
class Integer:
    """A signed number of 32 bits (a gint), or of 64."""

    default: int
    low: int
    high: int
    bits: int = field(default=32, kw_only=True)

    def parse(self, value: object) -> int:
        """Return the number; raises ValueError with the expected form."""
        number = self.deserialize(value) if isinstance(value, str) and value else None
        if number is None:
            raise ValueError(f'must be a number in quotes, as "{self.default}", not {reprlib.repr(value)}')
        if not self.low <= number <= self.high:
            raise ValueError(f"is {number}, outside {self.low}..{self.high}")
        return number

    def deserialize(self, text: str) -> int | None:
        """The number in a text, without a check of the property's range; None for a text without a number."""
        half = 2 ** (self.bits - 1)
        raw = _integer_64(text, {"min": 2**64 - half, "max": half - 1})
        if raw is None:
            return None
        number = raw - 2**64 if raw >= 2**63 else raw
        if not -half <= number < 2 * half:
            return None
        return number - 2 * half if number >= half else number


@dataclass(frozen=True)
class Unsigned(Integer):
    """An unsigned number of 32 bits (a guint), or of 64; a longer number wraps around."""

    def parse(self, value: object) -> int:
        """Return the number; raises ValueError with the expected form."""
        if isinstance(value, str) and "-" in value:
            raise ValueError(f'must be a number without a sign in quotes, as "{self.default}", not {reprlib.repr(value)}')
        return super().parse(value)

    def deserialize(self, text: str) -> int | None:
        """The number in a text, without a check of the property's range; None for a text without a number."""
        raw = _integer_64(text, {"min": 0, "max": 2**self.bits - 1})
        return None if raw is None else raw % 2**self.bits


def _integer_64(text: str, words: dict[str, int]) -> int | None:
    """A number by the rules of strtoull, a negative one as two's complement; None for another text or for more than 64 bits."""
    text = text.partition("\0")[0]  # the engine passes it as a C string
    word = (_BYTE_ORDERS | words).get(text.lower())
    if word is not None or not text:
        return word or 0
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, digits = match.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    significant = (digits[2:] if base == 16 else digits).lstrip("0")
    if len(significant) > _LONGEST:
        return None
    number = int(significant or "0", base)
    if number > _MAX_UINT64:
        return None
    return -number % 2**64 if sign == "-" else number


@dataclass(frozen=True)
class Float:
    """A gfloat."""

    default: float
    low: float
    high: float

    def parse(self, value: object) -> float:
        """Return the number; raises ValueError with the expected form."""
        number = _float(value.partition("\0")[0]) if isinstance(value, str) and value else None
        if number is None:
            raise ValueError(f'must be a number in quotes, as "{self.default}", not {reprlib.repr(value)}')
        if number != number:
            return self.default  # NaN passes the engine's check of the range, and the engine does not set it
        if not self.low <= number <= self.high:
            raise ValueError(f"is {number}, outside {self.low}..{self.high}")
        return number


def _float(text: str) -> float | None:
    if not text or text.lower() in ("min", "max"):
        return {"": 0.0, "max": _LARGEST, "min": -_LARGEST}[text.lower()]
    match = _FLOAT.fullmatch(text)
    if match is None:
        return None
    sign, not_a_number, hexadecimal, decimal = match.groups()
    try:
        number = float("nan") if not_a_number else float.fromhex(hexadecimal) if hexadecimal else float(decimal)
    except OverflowError:
        return None
    if number > _LARGEST:
        return None
    return -number if sign == "-" else number


@dataclass(frozen=True)
class Boolean:
    """A gboolean."""

    default: bool

    def parse(self, value: object) -> bool:
        """Return the truth value; raises ValueError with the expected form."""
        text = written(value).lower()
        if text not in _TRUTHS:
            raise ValueError(f'must be "true" or "false", not {reprlib.repr(value)}')
        return _TRUTHS[text]


@dataclass(frozen=True)
class Choice:
    """An enumeration: a number from 0, its word, or its long name."""

    default: int
    words: tuple[str, ...]
    names: tuple[str, ...] = ()
    any_case: bool = False

    def parse(self, value: object) -> int:
        """Return the number of the choice; raises ValueError with the expected form."""
        text = written(value)
        if text in self.names:
            return self.names.index(text)
        if text in self.words:
            return self.words.index(text)
        if self.any_case and text.lower() in self.words:
            return self.words.index(text.lower())
        number = _integer_64(text, {})
        if value == "" or number is None or number >= len(self.words):
            raise ValueError(f"must be one of {', '.join(self.words)}, not {reprlib.repr(value)}")
        return number


@dataclass(frozen=True)
class Text:
    """A text; quotes around it are removed. An object becomes compact JSON, or stays an object with `mapping`."""

    default: str = ""
    mapping: bool = False

    def parse(self, value: object) -> PropertyValue:
        """Return the text or object; raises ValueError with the expected form."""
        if self.mapping and isinstance(value, dict):
            return value
        text = written(value)
        quoted = _QUOTED.fullmatch(text.encode("utf-8", "surrogatepass"))
        if quoted is None:
            return text
        try:
            return _ESCAPE.sub(_unescaped, quoted[1]).partition(b"\0")[0].decode("utf-8")
        except UnicodeDecodeError:
            return text


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes([int(escape[1], 8)]) if len(escape[1]) == 3 else escape[1]


Property = Integer | Float | Boolean | Choice | Text
