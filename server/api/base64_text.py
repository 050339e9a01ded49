"""Reads base64 as tools write it: in lines, with the alphabet of URLs, without padding, percent-encoded, as a data URL."""

import binascii
import re
from collections.abc import Iterator

from server.errors import BadRequest

DECODED_AT_ONCE = 256 * 1024
"""Characters per step, a multiple of four; the decoder does not release the interpreter."""
_MAX_URL_HEAD = 200
_STANDARD = bytes.maketrans(b"-_", b"+/")
_BLANKS = b" \t\r\n"
_BASE64_MARK = ";base64,"
_CODED = tuple(sorted({case(f"%{ord(each):02x}"): each for each in "+/-_= \r\n" for case in (str.upper, str.lower)}.items()))
"""The percent codes of base64 and blanks, which a URL or a form does not hold as they are, with their characters.

No character is part of another code, so that they can be replaced one after the other: six times as fast as each at its place.
"""
_ARMOUR, _ARMOUR_END = "-----BEGIN", "-----END"
"""Lines around base64 that `certutil -encode` of Windows writes."""
_OTHER = re.compile(rb"[\x80-\xff]+|[^A-Za-z0-9+/=]")


def decode_base64(text: str) -> bytes:
    """The bytes; raises BadRequest. Blanks between the characters are left out, and padding that is missing is added."""
    start, end = _place(text)
    if text.startswith(("http://", "https://"), start):
        raise BadRequest("The image is a URL, and this server does not fetch any.", "Fetch it, and send its bytes.")
    if end < len(text):
        text = text[:end]
    try:
        try:
            pieces = list(_plain_pieces(text, start))
        except ValueError:
            pieces = list(_pieces(text, start))
    except ValueError as error:
        raise BadRequest(f"The image is not base64: {error}.", "Send what `base64 photo.jpg` writes.") from error
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _place(text: str) -> tuple[int, int]:
    """Where the base64 begins and ends; raises BadRequest."""
    mark = int(text.startswith("\ufeff"))
    if text[mark : mark + 5].lower() == "data:":
        head = text[:_MAX_URL_HEAD].lower()
        before_data = head.find(_BASE64_MARK)  # not the first comma: a name among the parameters may hold one
        start = before_data + len(_BASE64_MARK) if before_data >= 0 else head.find(",") + 1
        if not start:
            raise BadRequest("The data URL has no comma before its data.", "Send data:image/jpeg;base64,<base64>.")
        return start, len(text)
    if text.startswith(_ARMOUR, mark):
        return text.find("\n") + 1, text.rfind(_ARMOUR_END) if _ARMOUR_END in text else len(text)
    return mark, len(text)


def _plain_pieces(text: str, start: int) -> Iterator[bytes]:
    """Padded base64 without blanks, which takes half the time; raises ValueError for any other."""
    end = len(text)
    while end > start and text[end - 1] in "\r\n":  # the line end of a file
        end -= 1
        if end < len(text) - 2:
            raise ValueError
    for at in range(start, end, DECODED_AT_ONCE):
        piece = binascii.a2b_base64(text[at : min(at + DECODED_AT_ONCE, end)], strict_mode=True)
        if len(piece) < DECODED_AT_ONCE // 4 * 3 and at + DECODED_AT_ONCE < end:
            raise ValueError
        yield piece


def _pieces(text: str, start: int) -> Iterator[bytes]:
    rest, padded = b"", False
    for piece in _slices(text, start):
        characters = rest + piece.encode("utf-8", "replace").translate(_STANDARD, _BLANKS)
        if padded and characters:
            raise ValueError("it is padded before its end")
        whole = len(characters) // 4 * 4
        yield _decoded(characters[:whole])
        padded, rest = characters[:whole].endswith(b"="), characters[whole:]
    if padded and rest:
        raise ValueError("it has more padding than it needs")
    if len(rest) == 1:
        raise ValueError("a character is left over, so some are missing")
    if rest:
        yield _decoded(rest + b"=" * (4 - len(rest)))


def _slices(text: str, start: int) -> Iterator[str]:
    """Stretches of the text with their percent codes decoded; none ends within a code."""
    while start < len(text):
        end = start + DECODED_AT_ONCE
        end = next((cut for cut in (end - 1, end - 2) if text[cut : cut + 1] == "%"), end)
        piece = text[start:end]
        if "%" in piece:
            for code, character in _CODED:
                piece = piece.replace(code, character)
        yield piece
        start = end


def _decoded(characters: bytes) -> bytes:
    try:
        return binascii.a2b_base64(characters, strict_mode=True)
    except binascii.Error:
        if other := _OTHER.search(characters):
            raise ValueError(f"it has the character {other[0].decode('utf-8', 'replace')!r}") from None
        raise
