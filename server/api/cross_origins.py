"""The pages of other sites that CORS_ORIGINS lets read this server's answers (Fetch Standard, 3.2)."""

import re
from collections.abc import Mapping

from server.settings import SettingInvalid

SETTING = "CORS_ORIGINS"
Headers = tuple[tuple[bytes, bytes], ...]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")
_USUAL_PORTS = {"http": ":80", "https": ":443"}
_MAY_READ = (b"access-control-expose-headers", b"Location, Retry-After, Server-Timing, X-Engine, X-Request-Id")
_MAY_SEND = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, POST, PUT",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Api-Key, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


class CrossOrigins:
    """Origins by name, or all. No answer allows credentials: a key is a header, which only a page that knows it can send."""

    def __init__(self, listed: str) -> None:
        """`listed` has origins with commas between, or is `*`, or empty; raises SettingInvalid."""
        entries = [entry.strip() for entry in listed.split(",") if entry.strip()]
        self._all = entries == ["*"]
        self._named = frozenset() if self._all else frozenset(_origin(entry).encode() for entry in entries)

    def names(self, origin: str) -> bool:
        """Whether an origin is listed by its name; `*` names none."""
        return origin.encode() in self._named

    def headers(self, asked: Mapping[bytes, bytes]) -> Headers:
        """What to add to the answer of a request with these headers, an error too."""
        if self._all:
            return ((b"access-control-allow-origin", b"*"), _MAY_READ)
        if not self._named:
            return ()
        origin = asked.get(b"origin", b"")
        vary = (b"vary", b"Origin")  # also for others: a cache must not give them the answer of a listed one
        return ((b"access-control-allow-origin", origin), _MAY_READ, vary) if origin in self._named else (vary,)

    def preflight(self, method: str, asked: Mapping[bytes, bytes]) -> Mapping[str, str]:
        """The further headers of the answer to a browser that asks whether a listed page may send a request; else none."""
        known = self._all or asked.get(b"origin") in self._named
        return _MAY_SEND if known and method == "OPTIONS" and b"access-control-request-method" in asked else {}


def _origin(entry: str) -> str:
    """An origin as browsers write it: lower case, without the usual port and a slash; raises SettingInvalid."""
    origin = entry.lower().removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise SettingInvalid(
            f"{SETTING}: {entry[:200]!r} is not an origin.", "Write origins, as https://shop.example,http://localhost:3000, or * for all."
        )
    return origin.removesuffix(_USUAL_PORTS.get(origin.partition(":")[0], " "))


NO_ORIGINS = CrossOrigins("")
