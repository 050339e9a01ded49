"""Dispatches the image routes before FastAPI, because FastAPI's middleware costs 0.2 ms per request."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.forwarding_proxies import ForwardingProxies

HOT_METHODS = ("POST", "PUT")
"""`curl -T photo.jpg` sends PUT, and means the same."""


class HotRoutes:
    """The ASGI application: sends POST and PUT on a hot route to that route, and everything else to FastAPI."""

    def __init__(
        self,
        app: FastAPI,
        hot: Mapping[str, ASGIApp],
        proxies: ForwardingProxies,
        root_path: str = "",
        patterns: Mapping[re.Pattern[str], ASGIApp] = MappingProxyType({}),
    ) -> None:
        """`hot` is by path; `patterns` are of paths with parameters, for POST only."""
        self.app = app
        self._patterns = dict(patterns)
        self._root_path = root_path
        self._proxies = proxies
        self._hot = dict(hot)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan events."""
        hot = None
        if scope["type"] == "http":
            self._proxies.believe(scope)
            if root_path := self._root_path or scope.get("root_path"):
                _take_off(root_path, scope)
            hot = self._find(scope["method"], scope["path"]) if scope["method"] in HOT_METHODS else None
        if hot:
            scope["endpoint"] = hot
            await hot(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _find(self, method: str, path: str) -> ASGIApp | None:
        if (found := self._hot.get(path)) or method != "POST":
            return found
        return next((app for pattern, app in self._patterns.items() if pattern.fullmatch(path)), None)


def _take_off(root_path: str, scope: Scope) -> None:
    """Take the path of the proxy off that of the request. It may not be there: many proxies do that themselves."""
    scope["root_path"] = ""
    below = scope["path"].removeprefix(root_path)
    if below != scope["path"] and (not below or below.startswith("/")):
        scope["path"] = below or "/"
