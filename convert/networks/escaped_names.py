"""Names that come from files, in a form that a terminal and a manifest can hold."""

from unicodedata import category

_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the direction of writing."""


def escaped(text: str) -> str:
    """The text on one line: control characters, which move a terminal's cursor, and bytes of a name that are not UTF-8 become escapes.

    Blanks of other writing systems stay: names have them, and a printed command must name the file.
    """
    return "".join(each.encode("unicode_escape").decode("ascii") if _is_hidden(each) else each for each in text)


def _is_hidden(one: str) -> bool:
    return one in _TURNS or category(one) in _CONTROLS
