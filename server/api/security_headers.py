"""The headers of every reply that tell a browser what it may not do with it.

nosniff: the type is what Content-Type says. no-referrer: no address of this server, which may hold an id, goes elsewhere. The policy
(Content Security Policy Level 3, W3C) lets a reply load nothing and stand in no frame; a page brings a policy of its own.
"""

from collections.abc import Iterable

Headers = tuple[tuple[bytes, bytes], ...]

FOR_PAGES: Headers = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
FOR_ALL: Headers = (*FOR_PAGES, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))


def security_headers(present: Iterable[tuple[bytes, bytes]]) -> Headers:
    """What to add to the headers of a reply: a policy only where it has none."""
    for name, _ in present:
        if name == b"content-security-policy":
            return FOR_PAGES
    return FOR_ALL
