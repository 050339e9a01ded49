"""What is open to all, and who may use what reaches into the machine: /evaluate reads its folders, /admin changes what it serves.

Without an API key only this machine may use these routes. A browser on this machine runs the programs of any web page, so what a browser
says of a request is believed: Origin, Sec-Fetch-Site and Host (Fetch Standard; Fetch Metadata Request Headers, W3C).
"""

import ipaddress
from collections.abc import Callable, Coroutine

from starlette.requests import Request

from server.api.api_keys import ApiKeys
from server.api.cross_origins import NO_ORIGINS, CrossOrigins
from server.api.sessions import host_in
from server.errors import Forbidden
from server.settings import Settings

OPEN_PATHS = ("/health/", "/v2/health/", "/web/", "/docs", "/docs-assets/", "/openapi.json", "/language", "/sign-in", "/sign-out")
"""What needs no API key; nor does the page itself. Pages and documents are the same for every server, and hold nothing of this one."""
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that a reverse proxy adds."""
REMEDY = "Set API_KEY or API_KEY_FILE, or say --insecure."


Guard = Callable[[Request], Coroutine[None, None, None]]
"""Raises Forbidden for a request that may not reach into the machine."""


def safe_only(settings: Settings, keys: ApiKeys, origins: CrossOrigins = NO_ORIGINS) -> Guard:
    """A dependency of the routes that reach into the machine.

    Where no API key keeps others out it raises Forbidden for a request that a browser sends for the page of another site which `origins`
    does not name, and unless the server is `insecure` for one from another machine or through a proxy.
    """
    hosts = {"localhost", *(host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip())}

    async def check(request: Request) -> None:
        if keys:  # a header, which no browser adds by itself, or a cookie, whose origin ApiKeys has checked
            return
        if not origins.names(request.headers.get("origin", "")):
            _check_site(request)
        if settings.insecure:
            return
        if not settings.loopback:
            raise Forbidden(f"This route is not served on {settings.host} without an API key.", f"Listen on 127.0.0.1. {REMEDY}")
        if passed := next((name for name in FORWARDED if name in request.headers), None):
            raise Forbidden(f"This route is not served through a proxy ({passed}) without an API key.", REMEDY)
        host = hostname(request.headers.get("host", ""))
        if host not in hosts and not _is_loopback(host):
            raise Forbidden(f"This route is not served under the name {host[:80]!r}.", "Set API_KEY, or add the name to ALLOWED_HOSTS.")

    return check


def _check_site(request: Request) -> None:
    """Raise Forbidden for what a page of another site sends; a link to a page of ours may stand anywhere."""
    headers = request.headers
    visits = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    opened = visits and request.method in ("GET", "HEAD")
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    foreign = site not in ("none", "same-origin") or (origin is not None and host_in(origin) != headers.get("host", ""))
    if foreign and not opened:
        raise Forbidden(f"This route does not answer pages of other sites ({origin or site}).", "Open the server's own page, or use curl.")


def hostname(host: str) -> str:
    """The name in a Host header, lower case, without its port and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
