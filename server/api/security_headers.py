"""The headers of every reply that tell a browser what it may not do with it.

nosniff: the type is what Content-Type says. no-referrer: no address of this server, which may hold an id, goes elsewhere. The policy
(Content Security Policy Level 3, W3C) lets a reply load nothing and stand in no frame; a page brings a policy of its own. no-cache: what
can be asked for again is asked for again. A browser or a proxy that is told nothing guesses (RFC 9111, 4.2.2): it would run scripts of an
earlier version on the pages of this one, and show a report that was removed, or to who has no key.
"""

from collections.abc import Iterable

Headers = tuple[tuple[bytes, bytes], ...]

FOR_PAGES: Headers = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
FOR_ALL: Headers = (*FOR_PAGES, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))


FRESH: Headers = ((b"cache-control", b"no-cache"),)
_ASKED_AGAIN = ("GET", "HEAD")


def security_headers(present: Iterable[tuple[bytes, bytes]], method: str) -> Headers:
    """What to add to the headers of a reply to this method: a policy, and a word on caches, only where it has none."""
    policy = fresh = False
    for name, _ in present:
        policy |= name == b"content-security-policy"
        fresh |= name == b"cache-control"
    headers = FOR_PAGES if policy else FOR_ALL
    return headers if fresh or method not in _ASKED_AGAIN else headers + FRESH
