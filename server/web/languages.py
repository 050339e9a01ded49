"""Which of the languages a browser gets."""

from collections.abc import Iterator, Mapping

from server.web.accepted import accepted
from server.words.language import Language

__all__ = ["COOKIE", "Language", "cookies", "language_of"]

COOKIE = "language"
"""Set when a person chooses a language on a page."""


def language_of(headers: Mapping[str, str]) -> Language:
    """The language that a person chose, or else the first one that the browser accepts and the pages have."""
    chosen = (Language.named(value) for value in cookies(headers.get("cookie", ""), COOKIE))
    return next(filter(None, chosen), None) or _accepted(headers.get("accept-language", ""))


def cookies(sent: str, name: str) -> Iterator[str]:
    """The cookies of this name in a header `Cookie`.

    A browser sends those of all servers of this host, on any port, and several of one name if their paths differ. So what another server
    has set must not hide ours, however it is written (RFC 6265, 5.2: all but a semicolon).
    """
    for pair in sent.split(";"):
        found, _, value = pair.partition("=")
        if found.strip() == name:
            yield value.strip().strip('"')


def _accepted(accept: str) -> Language:
    """By weight, and by order where weights are equal (RFC 9110, 12.5.4); `zh-TW` and `zh-Hans-CN` are Chinese too."""
    for tag, _ in sorted((found for found in accepted(accept) if found[1] > 0), key=lambda found: -found[1]):
        if language := Language.named(tag.partition("-")[0]):
            return language
    return Language.EN
