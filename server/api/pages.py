"""The pages: files of server/web, each with a policy of its own, and all their links relative, so that a proxy may add a path."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from server.api.statuses import status_of
from server.errors import Unauthorized

WEB = Path(__file__).parents[1] / "web"
ASSETS = "/docs-assets"
"""Where FastAPIOffline serves Swagger UI."""
_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
_INDEX_POLICY = f"{_POLICY}style-src 'self'; img-src 'self' blob:; form-action 'self'"
_SHOWING_POLICY = f"{_POLICY}style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'none'"
"""Swagger UI and reports have styles and pictures inside."""


def page_routes() -> list[BaseRoute]:
    """The routes of the pages and their files; none needs a key, since none holds anything of this server's own."""
    return [
        Route("/", _index, include_in_schema=False),
        Route("/docs", _docs, include_in_schema=False),
        Mount("/web", StaticFiles(directory=WEB)),
    ]


async def _index(request: Request) -> Response:
    name = request.scope.get("raw_path", b"/").decode("latin-1").rpartition("/")[2]
    if name:  # the path that a proxy serves, without its last slash: links would lead beside it
        return RedirectResponse(f"./{name}/")
    return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": _INDEX_POLICY, "Cache-Control": "no-cache"})


async def _docs(_request: Request) -> Response:
    return FileResponse(WEB / "docs.html", headers={"Content-Security-Policy": _SHOWING_POLICY, "Cache-Control": "no-cache"})


def key_page(path: str) -> HTMLResponse:
    """The page in the place of a path that needs a key: it asks for the key, and then shows what is there."""
    up = "../" * (path.count("/") - 1)
    page = (WEB / "key.html").read_text("utf-8").replace("web/", f"{up}web/").replace('href="./"', f'href="./{up}"')
    headers = {"Content-Security-Policy": _SHOWING_POLICY, "Cache-Control": "no-store", "Vary": "Accept", "WWW-Authenticate": "Bearer"}
    return HTMLResponse(page, int(status_of(Unauthorized)), headers)


def prefers_html(accept: str) -> bool:
    """Whether the client prefers a page to JSON; without a preference it gets JSON."""
    weights = {"text/html": 0.0, "application/json": 0.0, "*/*": 0.0}
    for entry in accept.lower().split(","):
        kind, _, weight = entry.partition(";q=")
        try:
            weights[kind.strip()] = float(weight or 1)
        except ValueError:
            continue
    return weights["text/html"] > max(weights["application/json"], 0.0)
