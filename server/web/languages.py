"""Which of the languages a browser gets."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from server.words.language import Language

__all__ = ["COOKIE", "Language", "cookie", "language_of"]

COOKIE = "language"
"""Set when a person chooses a language on a page."""


def language_of(headers: Mapping[str, str]) -> Language:
    """The language that a person chose, or else the first one that the browser accepts and the pages have."""
    chosen = Language.named(cookie(headers.get("cookie", ""), COOKIE))
    return chosen or _accepted(headers.get("accept-language", ""))


def cookie(sent: str, name: str) -> str:
    """A cookie of a header `Cookie`; empty if it is not there, or if the header cannot be read."""
    try:
        found = SimpleCookie(sent).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _accepted(accept: str) -> Language:
    """By weight, and by order where weights are equal (RFC 9110, 12.5.4); `zh-TW` and `zh-Hans-CN` are Chinese too."""
    ranges = []
    for entry in accept.lower().split(",")[:32]:
        tag, _, weight = entry.strip().partition(";q=")
        try:
            ranges.append((float(weight or 1), tag.strip()))
        except ValueError:
            continue
    for _, tag in sorted((found for found in ranges if found[0] > 0), key=lambda found: -found[0]):
        if language := Language.named(tag.partition("-")[0]):
            return language
    return Language.EN
