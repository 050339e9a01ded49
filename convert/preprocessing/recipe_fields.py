"""Typed access to the keys of a file that says a recipe; a value of another kind is refused with its key."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_words import MAX_NUMBER
from convert.preprocessing.said_recipe import SizePx
from convert.preprocessing.served_sizes import MAX_SIDE_PX, MIN_SIDE_PX
from models.manifest import Triple

SAY_IT = 'Say it in a recipe.toml, as docs/convert.md shows (resize = "short:256", crop = 224 and so on), and name it: --recipe recipe.toml'


@contextmanager
def refusals_of(file: str, remedy: str = "") -> Iterator[None]:
    """Refusals in the block name the file; with a `remedy` they have this one, else their own."""
    try:
        yield
    except ConvertError as error:
        named = error.message if error.message.startswith(file) else f"{file} does not tell the recipe: {error.message}"
        raise ConvertError(named, remedy or error.remedy) from error


class Fields:
    """The keys of one object in `file`. A key that is missing or null gives None, or the default."""

    def __init__(self, content: Mapping[str, Any], file: str) -> None:
        self._content, self._file = content, file

    def refuse(self, reason: str) -> ConvertError:
        """The refusal of this file."""
        return ConvertError(f"{self._file} does not tell the recipe: {reason}.", SAY_IT)

    def text(self, key: str) -> str:
        """A text; empty if it is missing."""
        value = self._value(key, str)
        return "" if value is None else str(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._value(key, bool)
        return default if value is None else bool(value)

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self._value(key, int, float)
        return None if value is None else self._finite(key, value)

    def side_px(self, key: str) -> int | None:
        """A side in pixels."""
        value = self._value(key, int)
        if value is None:
            return None
        if not MIN_SIDE_PX <= value <= MAX_SIDE_PX:
            raise self.refuse(f"{key} = {_short(value)} is not a side from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels")
        return int(value)

    def triple(self, key: str) -> Triple | None:
        """Three numbers, or one for all channels."""
        value = self._value(key, int, float, list)
        if value is None:
            return None
        numbers = [self._finite(key, each) for each in (value if isinstance(value, list) else [value])[:4]]
        if len(numbers) not in (1, 3):
            raise self.refuse(f"{key} has {len(numbers)} numbers and not one for each of three channels")
        first, second, third = numbers * 3 if len(numbers) == 1 else numbers
        return first, second, third

    def below(self, key: str) -> "Fields | None":
        """The object of that key."""
        value = self._value(key, dict)
        return None if value is None else Fields(value, self._file)

    def is_object(self, key: str) -> bool:
        """Whether the key holds an object."""
        return isinstance(self._content.get(key), dict)

    def list_of(self, key: str) -> list[Any]:
        """A list; empty if it is missing."""
        value = self._value(key, list)
        return [] if value is None else list(value)

    def size_px(self, key: str) -> SizePx | None:
        """(width, height), from a side or from an object with `width` and `height`."""
        if not self.is_object(key):
            side = self.side_px(key)
            return None if side is None else (side, side)
        inner = Fields(self._content[key], self._file)
        width, height = inner.side_px("width"), inner.side_px("height")
        return None if width is None or height is None else (width, height)

    def _finite(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
            raise self.refuse(f"{key} holds {_short(value)}, which is not a number to reckon with")
        return float(value)

    def _value(self, key: str, *kinds: type) -> Any:  # noqa: ANN401 - what the file holds
        value = self._content.get(key)
        if value is not None and (type(value) not in kinds):  # not isinstance: True is an int
            raise self.refuse(f"{key} is {_short(value)}")
        return value


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of many digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
