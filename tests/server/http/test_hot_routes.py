"""Which requests go past FastAPI."""

import asyncio
import re

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from server.http.forwarding_proxies import ForwardingProxies
from server.http.hot_routes import HotRoutes


def test_only_post_and_put_to_a_hot_route_do() -> None:
    seen: list[str] = []

    async def hot(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(f"hot {scope['path']}")

    class Cold(FastAPI):
        async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
            seen.append(f"cold {scope['type']}")

    async def ask(**scope: str) -> None:
        patterns = {re.compile("/models/[^/]+/infer"): hot}
        await HotRoutes(Cold(), {"/classify": hot}, ForwardingProxies(""), patterns=patterns)(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(ask(type="http", method="POST", path="/classify"))
    asyncio.run(ask(type="http", method="PUT", path="/classify"))
    asyncio.run(ask(type="http", method="GET", path="/classify"))
    asyncio.run(ask(type="http", method="POST", path="/classify/"))
    asyncio.run(ask(type="http", method="POST", path="/infer/classify"))
    asyncio.run(ask(type="http", method="POST", path="/models/m/infer"))
    asyncio.run(ask(type="http", method="PUT", path="/models/m/infer"))
    asyncio.run(ask(type="http", method="POST", path="/models/m/n/infer"))
    asyncio.run(ask(type="lifespan"))
    assert seen == ["hot /classify", "hot /classify", *["cold http"] * 3, "hot /models/m/infer", *["cold http"] * 2, "cold lifespan"]


@pytest.mark.parametrize(
    ("setting", "scope", "path"),
    [
        ("/infer", {"path": "/infer/classify"}, "/classify"),
        ("/infer", {"path": "/classify"}, "/classify"),
        ("/infer", {"path": "/inferno/classify"}, "/inferno/classify"),
        ("/infer", {"path": "/infer"}, "/"),
        ("/infer", {"path": "/infer/"}, "/"),
        ("/a/b", {"path": "/a/b/docs"}, "/docs"),
        ("", {"path": "/ray/classify", "root_path": "/ray"}, "/classify"),  # as servers say it that know the path
        ("/infer", {"path": "/ray/classify", "root_path": "/ray"}, "/ray/classify"),
        ("", {"path": "/infer/classify"}, "/infer/classify"),
    ],
)
def test_the_path_of_the_proxy_is_taken_off(setting: str, scope: dict[str, str], path: str) -> None:
    seen: list[tuple[str, str]] = []

    class Cold(FastAPI):
        async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
            seen.append((scope["path"], scope.get("root_path", "")))

    routes = HotRoutes(Cold(), {}, ForwardingProxies(""), setting)
    asyncio.run(routes({"type": "http", "method": "GET", **scope}, None, None))  # type: ignore[arg-type]
    assert seen == [(path, "")]
