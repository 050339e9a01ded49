"""The pages: rendered from server/web, each with a policy of its own, and all their links relative, so that a proxy may add a path."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.api.api_keys import ApiKeys
from server.api.request_context import context_of
from server.web.accepted import accepted
from server.web.languages import COOKIE, Language, language_of
from server.web.rendering import STATIC, render

ASSETS = "/docs-assets"
"""Where FastAPIOffline serves Swagger UI."""
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' blob: data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""Of a page (Content Security Policy Level 3, W3C): nothing inside it is executed, and nothing comes from elsewhere."""
_CLASSIFY_POLICY = POLICY.replace("connect-src 'self'", "connect-src 'self' https: http:")
"""A person may give this page the link of a photo, anywhere, and the browser fetches it: the server is not sent into its own network.
Scripts still come from here only, so nobody else makes the page fetch anything. A camera needs no `media-src`: nothing is fetched."""
DEEPEST = 16
"""Of the addresses that pages have; a client may ask for one of thousands of slashes, and get a page all the same."""
_YEAR_S = 365 * 24 * 3600
_PLACE = re.compile(r"[A-Za-z0-9._~/?=&%+-]{1,500}")


def page_routes(keys: ApiKeys) -> list[BaseRoute]:
    """The routes of the pages that need no key, since they hold nothing of this server's own, and of what pages load."""

    async def classify(request: Request) -> Response:
        name = request.scope.get("raw_path", b"/").decode("latin-1").rpartition("/")[2]
        if name:  # the path that a proxy serves, without its last slash: links would lead beside it
            return RedirectResponse(f"./{name}/")
        signed_in = _signed_in(request, keys)
        return page(request, "classify", policy=_CLASSIFY_POLICY, data={"signed_in": signed_in}, signed_in=signed_in)

    async def docs(request: Request) -> Response:
        return page(request, "docs", signed_in=_signed_in(request, keys))

    async def language(request: Request) -> Response:
        reply = RedirectResponse(back_to(request.query_params.get("next", "")), 303)
        if chosen := Language.named(request.query_params.get("to", "")):  # without a path: it is valid for all pages below this address
            reply.set_cookie(COOKIE, chosen, max_age=_YEAR_S, path=None, samesite="lax", httponly=True)
        return reply

    return [
        Route("/", classify, include_in_schema=False),
        Route("/docs", docs, include_in_schema=False),
        Route("/language", language, include_in_schema=False),
        Mount("/web", StaticFiles(directory=STATIC)),
    ]


def _signed_in(request: Request, keys: ApiKeys) -> bool | None:
    return bool(keys.sessions.name_of(dict(request.scope["headers"]), request.method)) if keys else None


def page(
    request: Request,
    name: str,
    *,
    data: Any = None,  # noqa: ANN401 - what its script reads
    status: int = 200,
    policy: str = POLICY,
    signed_in: bool | None = None,
    **values: Any,  # noqa: ANN401 - what its template shows
) -> HTMLResponse:
    """The page of this name (server/web/templates) in the language of the request; `signed_in` is nothing where nobody signs in or out."""
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept, Accept-Language, Cookie"}
    path = request.scope["path"]
    here = place_of(request.scope)
    if signed_in is None and context_of(request.scope).key:
        signed_in = b"cookie" in dict(request.scope["headers"]) or None
    up = "../" * min(path.count("/") - 1, DEEPEST)
    text = render(name, language_of(request.headers), up=up, here=here, signed_in=signed_in, data=data, **values)
    return HTMLResponse(text, status, headers)


def place_of(scope: Scope) -> str:
    """The path and query of a request, below the root. Starlette's own URL would parse the Host header, which the client chooses."""
    query = scope["query_string"].decode("latin-1")
    return str(scope["path"])[1:] + (f"?{query}" if query else "")


def back_to(place: str) -> str:
    """The address of a page below the root of this server, as a redirect from the root names it: no other server, whatever `place` says."""
    return f"./{place}" if _PLACE.fullmatch(place) else "./"


def prefers_html(accept: str) -> bool:
    """Whether the client prefers a page to JSON; without a preference it gets JSON."""
    weights = {"text/html": 0.0, "application/json": 0.0, "*/*": 0.0}
    weights.update(accepted(accept))
    return weights["text/html"] > max(weights["application/json"], 0.0)
