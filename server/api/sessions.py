"""Who has signed in on a page: a cookie instead of the key, for a browser sends no header of its own with a link.

The cookie holds the name of the key, when it ends, and a MAC (RFC 2104) by a secret that comes from the key. So it outlives a restart, is
valid at every server with the same key, ends when the key is changed, and no script reads it. SameSite=Strict keeps it out of what other
sites send. Other ports of this host are the same site (RFC 6265bis, 5.2), so what changes something must come from a page of this server.
"""

import time
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest

from server.errors import Forbidden
from server.web.languages import cookies

COOKIE = "ascend-classify-session"
LASTS_S = 12 * 3600
_SAFE = ("GET", "HEAD", "OPTIONS")


class Sessions:
    """Gives out cookies and checks them; `keys` by name."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._secrets = {name: blake2b(key.encode(), digest_size=32, person=b"web session").digest() for name, key in keys.items()}

    def begin(self, name: str) -> str:
        """The cookie for who has the key of this name."""
        told = f"{name}:{int(time.time()) + LASTS_S}"
        return f"{told}:{self._mac(name, told)}"

    def name_of(self, headers: Mapping[bytes, bytes], method: str) -> str:
        """The name of the key with which the browser signed in, or nothing; raises Forbidden for what a page of another origin sends."""
        sent = headers.get(b"cookie", b"")
        if COOKIE.encode() not in sent:
            return ""
        name = next(filter(None, map(self._valid, cookies(sent.decode("latin-1"), COOKIE))), "")
        if name and method not in _SAFE:
            check_origin(headers)
        return name

    def _valid(self, value: str) -> str:
        """The name in a cookie that was given out here and has not ended; else nothing."""
        told, _, mac = value.rpartition(":")
        name, _, ends = told.rpartition(":")
        given = name in self._secrets and ends.isdecimal() and compare_digest(self._mac(name, told).encode(), mac.encode())
        return name if given and int(ends) > time.time() else ""

    def _mac(self, name: str, told: str) -> str:
        return blake2b(told.encode(), digest_size=24, key=self._secrets[name]).hexdigest()


def host_in(origin: str) -> str:
    """The host and port of a header Origin; of any text, since the client writes it."""
    return origin.partition("://")[2]


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Raise Forbidden unless a page of this server sends the request (Fetch Metadata, W3C; without it the header Origin tells)."""
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    same = site in (b"same-origin", b"none") if site else not origin or host_in(origin) == host
    if not same:
        raise Forbidden("A page of another origin sent this with the cookie of who has signed in here.", "Send the key as X-Api-Key.")
