"""The number at the start of a text, by the rules of the engine's C++ streams."""

import re

_LEADING = re.compile(r"[ \t-\r]*([+-]?)0*([0-9]*)")


def leading_number(text: str) -> int | None:
    """A decimal number of 32 bits at the start of a text; None if there is none. The rest of the text does not matter."""
    match = _LEADING.match(text)
    if match is None or (not match[2] and "0" not in match[0]) or len(match[2]) > 10:
        return None
    number = int(match[1] + (match[2] or "0"))
    return number if -(2**31) <= number < 2**31 else None
